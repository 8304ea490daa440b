"""Checks ONNX files of MoViNets with onnx.checker, and runs them in Python's ONNX Runtime by their names alone.

Usage: onnx-verify.py GOLDEN.json FILE.onnx [FILE.onnx ...]

Step files are fed frame by frame, two streams in a batch that begin at different frames; clip files all at once. Frames are
made by integer hashing (the rule is that of the golden figures). Writes CSV: file, form, frames, largest difference."""

import json
import os
import re
import sys

import numpy as np
import onnx
import onnxruntime

sys.path.insert(0, os.path.dirname(__file__))
from frames import frame


def planes(t, height, width):
    return frame(t, height, width).transpose(2, 0, 1)


def clocks(session, ages):
    values = {"inverse_count": [1 / (age + 1) for age in ages], "position": ages}
    names = {i.name for i in session.get_inputs()}
    return {n: np.array(v, np.float32).reshape(-1, 1, 1, 1) for n, v in values.items() if n in names}


def steps(session, height, width, last):
    """Logits after each frame of the first stream; the second one begins a frame later."""
    states = {}
    for tensor in session.get_inputs():
        if tensor.name.startswith("state_"):
            states[tensor.name] = np.zeros([2] + tensor.shape[1:], np.float32)
    outputs = [o.name for o in session.get_outputs()]
    first, second = {}, {}
    for t in range(last + 2):
        if t == 1:
            for value in states.values():
                value[1] = 0
        image = np.stack([planes(t, height, width), planes(max(0, t - 1), height, width)])
        out = dict(zip(outputs, session.run(None, {"image": image, **clocks(session, [t, max(0, t - 1)]), **states})))
        seen = {**states, **out}
        for name in states:
            slot = re.fullmatch(r"(.*_stream_buffer_)(\d+)", name)
            states[name] = np.array(seen[slot[1] + str(int(slot[2]) + 1)] if slot else states[name] + out[name + "_frame"])
        first[str(t)] = out["logits"][0]
        if t > 0:
            second[str(t - 1)] = out["logits"][1]
    return [first, second]


def run(path, last):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs = {i.name: i.shape for i in session.get_inputs()}
    height, width = inputs["image"][2:]
    if any(name.startswith("state_") for name in inputs):
        return "step", steps(session, height, width, last)
    image = np.stack([planes(t, height, width) for t in range(last + 1)])
    logits = session.run(["logits"], {"image": image, **clocks(session, list(range(last + 1)))})[0]
    return "clip", [{str(last): logits[0]}]


def main(golden_path, paths):
    with open(golden_path) as file:
        golden = json.load(file)["logits"]
    for path in paths:
        onnx.checker.check_model(onnx.load(path), full_check=True)
        form, streams = run(path, max(map(int, golden)))
        worst = max(np.abs(np.array(g) - s[t][: len(g)]).max() for s in streams for t, g in golden.items() if t in s)
        print(f"{os.path.basename(path)},{form},{len(golden)},{worst:.2e}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
