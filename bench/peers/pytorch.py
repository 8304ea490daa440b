"""Steps the public PyTorch port (github.com/Atze00/MoViNet-pytorch) for `movinet bench`. Usage:
pytorch.py CHECKOUT VARIANT SIZE THREADS. Speaks like litert.py; the states are inside the model, and random weights do."""

import json
import resource
import sys
import time

checkout, variant, size, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
sys.path.insert(0, checkout)

import torch
from movinets import MoViNet
from movinets.config import _C

torch.set_num_threads(threads)
torch.manual_seed(0)
start = time.perf_counter()
config = getattr(_C.MODEL, f"MoViNet{variant.upper()}")
model = MoViNet(config, causal=True, pretrained=False, conv_type="2plus1d", tf_like=True).eval()
model.clean_activation_buffers()
session_ms = (time.perf_counter() - start) * 1e3
frame = torch.rand(1, 3, 1, size, size)
print(json.dumps({"sessionMs": session_ms}), flush=True)
with torch.inference_mode():
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            model(frame)
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps(times), flush=True)
print(json.dumps({"peakRssBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
