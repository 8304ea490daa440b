"""Runs TFLite files of MoViNets in native LiteRT by their signatures alone, and compares the logits with golden ones.

Usage: litert-verify.py GOLDEN FILE.tflite [FILE.tflite ...]

GOLDEN is a JSON file with logits by frame, or another TFLite file, whose logits on six frames are taken for golden.

Three kinds of files are told apart by their inputs: `official` (states of rank 5 go in and come out under one name),
`step` (frames and sums as maps of rank 4, which the host keeps) and `clip` (no state). The frames are made by integer
hashing (the rule is that of the golden figures). Writes CSV: file, form, kernels, frames, largest difference of
logits; golden ones may be fewer."""

import json
import os
import re
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

kernels = {
    "xnnpack": OpResolverType.AUTO,
    "builtin": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    "reference": OpResolverType.BUILTIN_REF,
}


def uniform(name, indices):
    h = 0x811C9DC5
    for byte in name.encode():
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    x = (h + indices.astype(np.uint64) * 0x9E3779B9) & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor) & np.uint64(0xFFFFFFFF)
    return (x ^ (x >> np.uint64(16))) / 2.0**32


def frame(t, height, width):
    """One RGB picture in 0..1, [height, width, 3]."""
    size = height * width * 3
    fine = uniform("image", t * size + np.arange(size)).reshape(height, width, 3)
    rows, columns = -(-height // 16), -(-width // 16)
    cells = rows * columns * 3
    coarse = uniform("blocks", t * cells + np.arange(cells)).reshape(rows, columns, 3)
    return (fine * coarse[np.arange(height) // 16][:, np.arange(width) // 16]).astype(np.float32)


class Official:
    """All that the official signature asks of an app: every state that came out goes in again under its name."""

    def __init__(self, runner):
        self.runner = runner
        self.inputs = runner.get_input_details()
        self.states = {n: np.zeros(d["shape"], d["dtype"]) for n, d in self.inputs.items() if n != "image"}

    def step(self, picture):
        outputs = self.runner(image=picture.reshape(self.inputs["image"]["shape"]), **self.states)
        logits = outputs.pop("logits")
        self.states = outputs
        return logits[0]


class Step:
    """Slot k of a buffer is what slot k + 1 was before; a pool's output is added to its sum."""

    def __init__(self, runner):
        self.runner = runner
        self.inputs = runner.get_input_details()
        self.age = 0
        own = {"image", "inverse_count", "position"}
        self.states = {n: np.zeros(d["shape"], np.float32) for n, d in self.inputs.items() if n not in own}

    def step(self, picture):
        clock = {"inverse_count": 1 / (self.age + 1), "position": self.age}
        feeds = {n: np.full((1, 1, 1, 1), v, np.float32) for n, v in clock.items() if n in self.inputs}
        outputs = self.runner(image=picture[None], **feeds, **self.states)
        window = {**self.states, **outputs}
        for name in self.states:
            slot = re.fullmatch(r"(.*_stream_buffer_)(\d+)", name)
            if slot:
                self.states[name] = window[f"{slot[1]}{int(slot[2]) + 1}"]
            else:
                self.states[name] = self.states[name] + outputs[f"{name}_frame"]
        self.age += 1
        return outputs["logits"][0]


def run(path, resolver, golden):
    interpreter = Interpreter(path, num_threads=1, experimental_op_resolver_type=resolver)
    runner = interpreter.get_signature_runner("serving_default")
    shape = runner.get_input_details()["image"]["shape"]
    height, width = (int(side) for side in shape[-3:-1])
    last = max(map(int, golden))
    names = set(runner.get_input_details())
    if names == {"image"}:
        pictures = np.stack([frame(t, height, width) for t in range(last + 1)])
        return "clip", {str(last): runner(image=pictures.reshape(shape))["logits"][0]}
    form = "official" if len(shape) == 5 else "step"
    stream = Official(runner) if form == "official" else Step(runner)
    return form, {str(t): stream.step(frame(t, height, width)) for t in range(last + 1)}


def main(golden_path, paths):
    if golden_path.endswith(".tflite"):
        golden = run(golden_path, OpResolverType.AUTO, {"5": None})[1]
    else:
        with open(golden_path) as file:
            golden = json.load(file)["logits"]
    for path in paths:
        for name, resolver in kernels.items():
            form, logits = run(path, resolver, golden)
            worst = max(np.abs(np.array(g) - logits[t][: len(g)]).max() for t, g in golden.items())
            print(f"{os.path.basename(path)},{form},{name},{len(golden)},{worst:.2e}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
