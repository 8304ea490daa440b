"""Times steps of ONNX files in ONNX Runtime (CPU, one thread), one process, in turn. The first file is the base.

Usage: onnx-latency.py ROUNDS FILE.onnx [FILE.onnx ...]

Rounds and output are those of litert-latency.py. States are not fed back."""

import json
import sys
import time

import numpy as np
import onnxruntime

steps = 8
rounds, paths = int(sys.argv[1]), sys.argv[2:]
rng = np.random.default_rng()


def open_file(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feeds = {i.name: rng.random([1] + i.shape[1:], np.float32) for i in session.get_inputs()}
    run = lambda: session.run(None, feeds)
    for _ in range(steps):
        run()
    return run


runs = [open_file(path) for path in paths]
times = np.zeros((2, len(paths), rounds))
for r in range(rounds):
    for k in rng.permutation(len(paths)):
        runs[k]()
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(steps):
            runs[k]()
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
