"""Training steps of the public PyTorch port (github.com/Atze00/MoViNet-pytorch). Usage:
pytorch-train.py CHECKOUT VARIANT SIZE FRAMES BATCH THREADS [full|last2]. Speaks like litert.py: a ready line; for each line with a
number of steps, their times in ms; at the end, the peak resident memory.

A step takes BATCH clips of FRAMES × SIZE² (random numbers, made before the clock runs) and 10 classes through the stream model in
training mode, cross-entropy, its gradients, and AdamW (lr 1e-4). `last2` trains the last two blocks and the head: the rest is
frozen, in evaluation mode, and keeps nothing for gradients. Random weights do; the residual scales are not left at 0."""

import json
import resource
import sys
import time

checkout, variant = sys.argv[1:3]
size, frames, batch, threads = map(int, sys.argv[3:7])
trained = sys.argv[7] if len(sys.argv) > 7 else "full"
sys.path.insert(0, checkout)

import torch
import torch.nn.functional as F
from movinets import MoViNet
from movinets.config import _C

torch.set_num_threads(threads)
torch.manual_seed(0)
start = time.perf_counter()
config = getattr(_C.MODEL, f"MoViNet{variant.upper()}")
model = MoViNet(config, causal=True, pretrained=False, num_classes=10, conv_type="2plus1d", tf_like=True).train()
for name, value in model.named_parameters():
    if name.endswith("alpha"):
        torch.nn.init.constant_(value, 0.5)
if trained == "last2":
    for part in [model.conv1, *model.blocks[:-2]]:
        part.eval().requires_grad_(False)
optimizer = torch.optim.AdamW([value for value in model.parameters() if value.requires_grad], lr=1e-4)
clips = torch.rand(batch, 3, frames, size, size)
labels = torch.randint(10, (batch,))


def step() -> float:
    begin = time.perf_counter()
    model.clean_activation_buffers()
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(model(clips), labels).backward()
    optimizer.step()
    return (time.perf_counter() - begin) * 1e3


print(json.dumps({"sessionMs": (time.perf_counter() - start) * 1e3}), flush=True)
for line in sys.stdin:
    print(json.dumps([step() for _ in range(int(line))]), flush=True)
print(json.dumps({"peakRssBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
