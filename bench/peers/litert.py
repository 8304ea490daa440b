"""Steps a stream model in native LiteRT (XNNPACK) for `movinet bench`. Usage: litert.py FILE.tflite THREADS

Writes a line when ready; then, for each line that holds a number of steps, the times of that many steps in milliseconds;
at the end of its input, its peak memory. All as JSON. The states are not fed back: only the network is timed."""

import json
import resource
import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter

path, threads = sys.argv[1], int(sys.argv[2])
start = time.perf_counter()
interpreter = Interpreter(path, num_threads=threads)
interpreter.allocate_tensors()
session_ms = (time.perf_counter() - start) * 1e3
rng = np.random.default_rng(0)
for tensor in interpreter.get_input_details():
    shape, dtype = tensor["shape"], tensor["dtype"]
    value = np.ones(shape, dtype) if dtype == np.int32 else rng.random(shape).astype(dtype)
    interpreter.set_tensor(tensor["index"], value)
print(json.dumps({"sessionMs": session_ms}), flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter()
        interpreter.invoke()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps(times), flush=True)
print(json.dumps({"peakRssBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
