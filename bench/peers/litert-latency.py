"""Times steps of TFLite files in native LiteRT (XNNPACK, one thread), one process, in turn. The first file is the base.

Usage: litert-latency.py ROUNDS FILE.tflite [FILE.tflite ...]

A round steps every file eight times, in an order drawn anew. Processor time is what is compared: on a shared machine it
suffers less than the clock. Writes JSON lines: file, medians and ratios to the base of both. States are not fed back."""

import json
import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter

steps = 8
rounds, paths = int(sys.argv[1]), sys.argv[2:]
rng = np.random.default_rng()


def open_file(path):
    interpreter = Interpreter(path, num_threads=1)
    interpreter.allocate_tensors()
    for tensor in interpreter.get_input_details():
        shape, dtype = tensor["shape"], tensor["dtype"]
        value = np.ones(shape, dtype) if dtype == np.int32 else rng.random(shape).astype(dtype)
        interpreter.set_tensor(tensor["index"], value)
    for _ in range(steps):
        interpreter.invoke()
    return interpreter


interpreters = [open_file(path) for path in paths]
times = np.zeros((2, len(paths), rounds))
for r in range(rounds):
    for k in rng.permutation(len(paths)):
        interpreters[k].invoke()
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(steps):
            interpreters[k].invoke()
        times[:, k, r] = time.process_time() - cpu, time.perf_counter() - wall
times *= 1e3 / steps
for k, path in enumerate(paths):
    cpu, wall = times[:, k]
    base_cpu, base_wall = times[:, 0]
    row = {
        "file": path,
        "cpuMs": np.median(cpu),
        "wallMs": np.median(wall),
        "cpuRatio": np.median(cpu / base_cpu),
        "wallRatio": np.median(wall / base_wall),
    }
    print(json.dumps(row), flush=True)
