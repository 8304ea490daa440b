"""Gradients of the public PyTorch port (github.com/Atze00/MoViNet-pytorch), to hold our own training step against.
Needs `pip install torch einops fvcore numpy`. Usage, from the root of the repository:

    python bench/peers/gradients.py CHECKOUT [FILE.pt …]

CHECKOUT is a checkout of the port. Writes packages/movinet/test/golden/figures/gradients-a0-{stream,base}-{batch,frozen}.json.
A `.pt` file is a state dict that must hold the very weights that this script makes (named *stream* or *base*): a check, no source.

The models are A0 stream (2plus1d, squeeze-excite 2plus3d, hard swish, gate form A, classifier swish) and A0 base (3d, swish,
sigmoid), 10 classes, everything in float64. The weights come from the canonical names by the rule of
packages/movinet/test/golden/material.ts; before anything is written, names, shapes and values are proved by `weightsSha256`
and by the logits in figures/a0-stream-10classes-gateA.json and figures/a0-base-10classes.json, which another implementation made.

The step
    Two clips of six frames of 64 × 64. Clip 0 is the golden one (names `image` and `blocks`); clip 1 is the same rule over the
    names `image1` and `blocks1`. Labels 3 and 7; loss = mean over the clips of softmax cross-entropy with label smoothing 0.1
    (target · 0.9 + 0.1 / classes). No dropout, no stochastic depth, no L2. A stream model sees the whole clip from zero
    states; its logits are those of the last frame.
    `batch`: every norm uses mean and biased variance over clips, frames and space (epsilon 1e-3), and gradients flow through
    them. `frozen`: every norm uses its stored mean and variance; gamma and beta still have gradients.

The file: one JSON object
    case            "gradients-a0-stream-batch", …
    variant, mode   "a0"; "stream" or "base"
    norm            "batch" or "frozen"
    classes, shape  10; [clips, frames, height, width, 3]
    labels, labelSmoothing
    weightsSha256   as in the other figures
    loss            the mean over the clips
    logits          [clips][classes]
    norms           only in `batch`: {norm: {mean: [C], variance: [C]}}, of the batch, biased, for five norms by canonical name
    gradients       {canonical name: {shape, norm, probe, indices, values}} for every trainable tensor (all but mean and
                    variance), in the sorted order of names
        shape       of the tensor in its canonical (TensorFlow) layout, [] for a scalar; row-major like our params
        norm        L2 norm of the gradient
        probe       Σᵢ gᵢ · pᵢ with pᵢ = 2u − 1, u = element i of the uniform sequence of the name `probe.<canonical name>` (the
                    sequence of the weights' rule). A wrong gradient with error e moves it by about |e| / √3: compare
                    |probe − probe'| with tolerance · norm
        indices     of min(8, size) different elements of the flattened gradient: the first ones of
                    floor(u · size) over `samples.<canonical name>`, then the element that is largest in magnitude, last
        values      those elements
    gradientNorm    L2 norm of all gradients together
    zeros           names of tensors whose gradient is 0 by construction: with batch statistics a constant added to a channel before a
                    pointwise convolution and a norm is subtracted again, so the beta of every projection and skip norm does
                    nothing. Their norm, probe and values are written as 0; hold ours against a fraction of gradientNorm
    float32Error    what float32 can reach: the worst distance of the port's own float32 gradients from these, {norm, probe}
                    relative to the tensor's norm (all but zeros), {zeros} relative to gradientNorm
    Numbers are rounded to 9 significant digits.
"""

import hashlib
import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, sys.argv[1])
from movinets import MoViNet
from movinets.config import _C

figures = Path(__file__).parents[2] / "packages/movinet/test/golden/figures"
shape = [2, 6, 64, 64, 3]
labels = [3, 7]
smoothing = 0.1
parts = {"expand": "expansion", "project": "projection", "se.fc1": "se_reduce", "se.fc2": "se_expand"}
norm_parts = {"weight": "gamma", "bias": "beta", "running_mean": "mean", "running_var": "variance"}
shown_norms = ["stem.norm", "block0.layer0.feature.norm", "block1.layer0.temporal.norm", "block2.layer0.skip.norm", "head.norm"]
shown_norms_base = ["stem.norm", "block0.layer0.feature.norm", "block1.layer0.projection.norm", "block2.layer0.skip.norm", "head.norm"]


def uniform(name: str, size: int) -> np.ndarray:
    """The first elements of the uniform sequence of a name, in 0..1, float64."""
    h = 0x811C9DC5
    for byte in name.encode():
        h = ((h ^ byte) * 0x01000193) % 2**32
    mask = np.uint64(0xFFFFFFFF)
    x = (np.uint64(h) + np.arange(size, dtype=np.uint64) * np.uint64(0x9E3779B9)) & mask
    x ^= x >> np.uint64(16)
    x = (x * np.uint64(0x85EBCA6B)) & mask
    x ^= x >> np.uint64(13)
    x = (x * np.uint64(0xC2B2AE35)) & mask
    x ^= x >> np.uint64(16)
    return x.astype(np.float64) / 2**32


def hashed_weight(name: str, dims: list[int]) -> np.ndarray:
    u = uniform(name, math.prod(dims)).reshape(dims)
    last = name.rsplit(".", 1)[-1]
    if last == "kernel":
        fan = math.prod(dims[:-2] if "depthwise" in name or "temporal" in name else dims[:-1])
        u = (2 * u - 1) * math.sqrt(4 / fan)
    elif last == "bias":
        u = 0.2 * (u - 0.5)
    elif last in ("beta", "mean"):
        u = 0.4 * (u - 0.5)
    elif last in ("gamma", "variance"):
        u = 0.5 + u
    elif last == "rezero":
        u = 0.25 + 0.25 * u
    else:
        raise ValueError(f"no rule for {name}")
    return np.asarray(u, dtype=np.float32)


def hashed_clip(suffix: str) -> np.ndarray:
    """[3, frames, height, width], float32."""
    _, frames, height, width, channels = shape
    rows, columns = math.ceil(height / 16), math.ceil(width / 16)
    fine = uniform("image" + suffix, frames * height * width * channels).reshape(frames, height, width, channels)
    coarse = uniform("blocks" + suffix, frames * rows * columns * channels).reshape(frames, rows, columns, channels)
    coarse = coarse.repeat(16, axis=1)[:, :height].repeat(16, axis=2)[:, :, :width]
    return (fine * coarse).astype(np.float32).transpose(3, 0, 1, 2)


def canonical(key: str) -> str:
    """blocks.b1_l0.deep.conv_2.conv2d.weight → block1.layer0.temporal.kernel, and so on."""
    at = key.split(".")
    if at[0] == "blocks":
        place = "block{}.layer{}.".format(*at[1][1:].split("_l"))
        if at[2] == "alpha":
            return place + "rezero"
        unit = ".".join(at[2:4]) if at[2] == "se" else at[2]
        if unit == "deep":
            stage = "feature" if "conv_1" in at else "temporal"
        else:
            stage = "skip" if unit == "res" else parts[unit]
    else:
        place = ""
        stage = {"conv1": "stem", "conv7": "head", "classifier": "classifier1" if at[1] == "0" else "classifier2"}[at[0]]
    if at[-2] == "norm":
        return f"{place}{stage}.norm.{norm_parts[at[-1]]}"
    leaf = "bias" if at[-1] == "bias" else "depthwise.kernel" if stage == "feature" else "kernel"
    return f"{place}{stage}.{leaf}"


def to_canonical(name: str, value: torch.Tensor) -> torch.Tensor:
    """Moves the axes of a tensor of the port to the canonical layout."""
    if not name.endswith("kernel"):
        return value
    window = list(range(2, value.dim()))
    depthwise_2d = value.dim() == 4 and ("depthwise" in name or "temporal" in name)
    return value.permute(*window, 0, 1) if depthwise_2d else value.permute(*window, 1, 0)


def build(mode: str, dtype: torch.dtype) -> tuple[torch.nn.Module, str]:
    causal = mode == "stream"
    model = MoViNet(_C.MODEL.MoViNetA0, causal=causal, num_classes=10, conv_type="2plus1d" if causal else "3d", tf_like=True)
    made = {}
    for key, value in model.state_dict().items():
        if key.endswith("num_batches_tracked"):
            continue
        name = canonical(key)
        if name in made:
            raise ValueError(f"{key} is a second {name}")
        view = to_canonical(name, value)
        made[name] = hashed_weight(name, list(view.shape))
        view.copy_(torch.from_numpy(made[name]))  # a view of the model's own tensor
    digest = hashlib.sha256()
    for name in sorted(made):
        digest.update(made[name].astype("<f4").tobytes())
    return model.to(dtype).eval(), digest.hexdigest()


def check(mode: str, files: list[str]) -> str:
    """Proves the weights and the model by another implementation's figures; gives the weights' SHA-256."""
    golden = json.loads((figures / f"a0-{mode}-10classes{'-gateA' if mode == 'stream' else ''}.json").read_text())
    model, digest = build(mode, torch.float64)
    if digest != golden["weightsSha256"]:
        raise SystemExit(f"{mode}: the weights' SHA-256 is {digest}, not {golden['weightsSha256']}")
    with torch.no_grad():
        model.clean_activation_buffers()
        got = model(torch.from_numpy(hashed_clip("")).double()[None])[0].numpy()
    worst = np.abs(got - np.array(golden["logits"]["5"])).max()
    if worst > 2e-6:
        raise SystemExit(f"{mode}: logits are off by {worst}")
    print(f"{mode}: weights {digest[:12]}…, logits within {worst:.1e}")
    for file in files:
        if mode not in Path(file).name:
            continue
        stored = torch.load(file, map_location="cpu", weights_only=True)
        ours = model.state_dict()
        unequal = [key for key in ours if key not in stored or not torch.equal(ours[key].float(), stored[key].float())]
        unequal = [key for key in unequal if not key.endswith("num_batches_tracked")]
        if unequal or set(stored) - set(ours):
            raise SystemExit(f"{file}: {unequal}, {set(stored) - set(ours)}")
        print(f"{mode}: all {len(stored)} tensors of {file} are equal")
    return digest


def step(mode: str, norm: str, dtype: torch.dtype):
    model, _ = build(mode, dtype)
    seen = {}
    for path, module in model.named_modules():
        if isinstance(module, (torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)):
            module.train(norm == "batch")

            def note(_module, inputs, _output, name=canonical(path + ".weight").removesuffix(".gamma")):
                axes = [0, *range(2, inputs[0].dim())]
                seen[name] = [inputs[0].detach().mean(axes), inputs[0].detach().var(axes, unbiased=False)]

            module.register_forward_hook(note)
    model.clean_activation_buffers()
    clips = torch.from_numpy(np.stack([hashed_clip(""), hashed_clip("1")])).to(dtype)
    logits = model(clips)
    loss = F.cross_entropy(logits, torch.tensor(labels), label_smoothing=smoothing)
    loss.backward()
    gradients = {}
    for key, value in model.named_parameters():
        name = canonical(key)
        gradients[name] = to_canonical(name, value.grad).double().numpy()
    return loss.item(), logits.detach().double().numpy(), seen, gradients


def rounded(values) -> list[float]:
    return [float(f"{value:.9g}") for value in np.ravel(values)]


def probe_of(name: str, gradient: np.ndarray) -> float:
    return float(gradient.ravel() @ (2 * uniform(f"probe.{name}", gradient.size) - 1))


def samples(name: str, gradient: np.ndarray) -> list[int]:
    flat = np.abs(gradient.ravel())
    largest = int(flat.argmax())
    picked: list[int] = []
    count = min(8, flat.size)
    for u in uniform(f"samples.{name}", 64 * count):
        index = int(u * flat.size)
        if len(picked) < count - 1 and index != largest and index not in picked:
            picked.append(index)
    return [*picked, largest]


def describe(mode: str, norm: str, digest: str) -> dict:
    loss, logits, seen, gradients = step(mode, norm, torch.float64)
    _, _, _, single = step(mode, norm, torch.float32)
    total = math.sqrt(sum(float((g**2).sum()) for g in gradients.values()))
    error = {"norm": 0.0, "probe": 0.0, "zeros": 0.0}
    zeros = []
    told = {}
    for name in sorted(gradients):
        g = gradients[name]
        length = float(np.linalg.norm(g))
        if length < 1e-12 * total:
            zeros.append(name)
            error["zeros"] = max(error["zeros"], float(np.linalg.norm(single[name])) / total)
            g = np.zeros_like(g)
        else:
            error["probe"] = max(error["probe"], abs(probe_of(name, single[name]) - probe_of(name, g)) / length)
            error["norm"] = max(error["norm"], float(np.linalg.norm(single[name] - g)) / length)
        picked = samples(name, g)
        told[name] = {
            "shape": list(g.shape),
            "norm": rounded(np.linalg.norm(g))[0],
            "probe": rounded(probe_of(name, g))[0],
            "indices": picked,
            "values": rounded(g.ravel()[picked]),
        }
    shown = shown_norms if mode == "stream" else shown_norms_base
    return {
        "case": f"gradients-a0-{mode}-{norm}",
        "variant": "a0",
        "mode": mode,
        "norm": norm,
        "classes": 10,
        "shape": shape,
        "labels": labels,
        "labelSmoothing": smoothing,
        "weightsSha256": digest,
        "loss": rounded(loss)[0],
        "logits": [rounded(row) for row in logits],
        "gradientNorm": rounded(total)[0],
        "zeros": zeros,
        "float32Error": {key: float(f"{value:.3g}") for key, value in error.items()},
        **({"norms": {n: dict(zip(["mean", "variance"], map(rounded, seen[n]))) for n in shown} if norm == "batch" else {}}),
        "gradients": told,
    }


for mode in ["stream", "base"]:
    with torch.no_grad():
        digest = check(mode, sys.argv[2:])
    for norm in ["batch", "frozen"]:
        told = describe(mode, norm, digest)
        head = {key: value for key, value in told.items() if key != "gradients"}
        rows = [f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in told["gradients"].items()]
        text = json.dumps(head)[:-1] + ', "gradients": {\n' + ",\n".join(rows) + "\n}}\n"
        assert json.loads(text) == told
        (figures / f"{told['case']}.json").write_text(text)
        print(told["case"], "loss", told["loss"], "tensors", len(rows), "float32", told["float32Error"], len(text), "bytes")
