"""Loads PyTorch files of MoViNets as anybody does, and runs them in the public port (github.com/Atze00/MoViNet-pytorch).

Usage: pytorch-verify.py CHECKOUT GOLDEN.json FILE.pt [FILE.pt ...]

Each file is read by torch.load(weights_only=True), with and without mapping it into memory, and must give the port a state
dict that is whole (strict=True). The network is the one that the file's own record of its spec tells; a gate of form B, which the
port does not have, is put in its place. Frames are made by integer hashing (the rule is that of the golden figures). Writes
CSV: file, call, frames, largest difference of logits."""

import json
import os
import sys
import zipfile

import numpy as np
import torch
import torch.nn.functional as F

checkout, golden_path, *paths = sys.argv[1:]
sys.path.insert(0, checkout)
sys.path.insert(0, os.path.dirname(__file__))
from frames import frame
from movinets import MoViNet, models
from movinets.config import _C

torch.set_num_threads(1)
gates = {
    "hard_sigmoid_a": models.Hardsigmoid.forward,
    "hard_sigmoid_b": lambda self, x: F.relu6(x + 3) * 0.16667,
}


def spec_of(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        (name,) = [n for n in archive.namelist() if n.endswith("/extra/movinet.spec")]
        return json.loads(archive.read(name))


def load(path, spec):
    models.Hardsigmoid.forward = gates.get(spec["gate"], gates["hard_sigmoid_a"])
    config = getattr(_C.MODEL, f"MoViNet{spec['variant'].upper()}")
    model = MoViNet(
        config,
        causal=spec["mode"] == "stream",
        pretrained=False,
        num_classes=spec["classes"],
        conv_type="2plus1d" if spec["convType"] == "2plus1d" else "3d",
        tf_like=True,
    )
    mapped = torch.load(path, weights_only=True, mmap=True)
    read = torch.load(path, weights_only=True)
    assert list(read) == list(mapped) and all(torch.equal(read[name], mapped[name]) for name in read)
    model.load_state_dict(read, strict=True)
    return model.eval()


def answers(model, spec, last):
    height, width = (spec["resolution"][side] for side in ("height", "width"))
    clip = np.stack([frame(t, height, width) for t in range(last + 1)])
    video = torch.from_numpy(clip).permute(3, 0, 1, 2)[None].contiguous()
    with torch.inference_mode():
        if spec["mode"] == "base":
            return {"whole clip": {str(last): model(video)[0].numpy()}}
        model.clean_activation_buffers()
        steps = {str(t): model(video[:, :, t : t + 1])[0].numpy() for t in range(last + 1)}
        model.clean_activation_buffers()
        return {"frame by frame": steps, "whole clip": {str(last): model(video)[0].numpy()}}


with open(golden_path) as file:
    golden = json.load(file)["logits"]
for path in paths:
    spec = spec_of(path)
    for call, logits in answers(load(path, spec), spec, max(map(int, golden))).items():
        shared = {t: g for t, g in golden.items() if t in logits}
        worst = max(np.abs(np.array(g) - logits[t][: len(g)]).max() for t, g in shared.items())
        print(f"{os.path.basename(path)},{call},{len(shared)},{worst:.2e}", flush=True)
