"""What all Python clients share: the cases of a folder, and the host's half of each form, around a runtime given as a function.

`run` takes a dictionary of arrays by name and returns one; shapes are those of the file."""

import json
import os
import re

import numpy as np


def read_cases(folder, **wanted):
    with open(os.path.join(folder, "expected.json")) as file:
        cases = json.load(file)
    return [c for c in cases if all(c[k] == v for k, v in wanted.items())]


def pictures_of(case):
    return np.fromfile(case["pictures"], np.float32).reshape(-1, case["height"], case["width"], 3)


def logits_of(case, inputs, run):
    """Logits of every frame. `inputs`: name -> (shape, dtype); sizes that are open are 1 (in clips: the frames)."""
    pictures = pictures_of(case)
    if case["format"] == "onnx":
        pictures = pictures.transpose(0, 3, 1, 2)
    pictures = np.ascontiguousarray(pictures)
    if case["form"] == "clip":
        return [run(clip_feeds(pictures, inputs))["logits"][0]]
    host = official if case["form"] == "official" else step
    return [np.array(logits).reshape(-1) for logits in host(pictures, inputs, run)]


def clip_feeds(pictures, inputs):
    ages = np.arange(len(pictures), dtype=np.float32)
    clocks = {"inverse_count": 1 / (ages + 1), "position": ages}
    feeds = {n: v.reshape(-1, 1, 1, 1).astype(np.float32) for n, v in clocks.items() if n in inputs}
    shape = inputs["image"][0]
    return {"image": pictures.reshape(shape) if all_known(shape) else pictures, **feeds}


def all_known(shape):
    return all(isinstance(size, (int, np.integer)) and size > 0 for size in shape)


def zeros(shape, dtype):
    return np.zeros([size if all_known([size]) else 1 for size in shape], dtype)


def official(pictures, inputs, run):
    """Every state that came out goes in again under its name."""
    states = {name: zeros(*inputs[name]) for name in inputs if name != "image"}
    for picture in pictures:
        out = dict(run({"image": picture.reshape(inputs["image"][0]), **states}))
        yield out.pop("logits")
        states = {name: out[name] for name in states}


def step(pictures, inputs, run):
    """Slot k of a buffer is what slot k + 1 was before; a pool's output is added to its sum."""
    states = {name: zeros(*inputs[name]) for name in inputs if name.startswith("state_")}
    for age, picture in enumerate(pictures):
        clocks = {"inverse_count": 1 / (age + 1), "position": age}
        feeds = {n: np.full((1, 1, 1, 1), v, np.float32) for n, v in clocks.items() if n in inputs}
        out = run({"image": picture[None], **feeds, **states})
        seen = {**states, **out}
        for name in states:
            slot = re.fullmatch(r"(.*_stream_buffer_)(\d+)", name)
            states[name] = np.array(seen[f"{slot[1]}{int(slot[2]) + 1}"] if slot else states[name] + out[f"{name}_frame"])
        yield out["logits"]


def difference(case, logits):
    """The largest difference from the expected logits; not a number counts as infinite."""
    expected, given = np.array(case["logits"]), np.array(logits)
    assert expected.shape == given.shape, f"{given.shape} logits, not {expected.shape}"
    worst = np.abs(expected - given).max()
    return float(worst) if np.isfinite(worst) else float("inf")
