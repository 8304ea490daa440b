"""The logits of streams in native LiteRT (XNNPACK, one thread), for `steps.ts`. Usage:
litert-logits.py FILE.tflite STREAMS FRAMES OUT.f32

FILE has the official signature: every state that comes out goes in again under its name. Stream s begins with picture s
of `frames.py`. Writes float32 [FRAMES, STREAMS, classes]."""

import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

sys.path.insert(0, os.path.dirname(__file__))
from frames import frame

path, streams, frames, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
run = Interpreter(path, num_threads=1).get_signature_runner("serving_default")
inputs = run.get_input_details()
shape = inputs["image"]["shape"]
height, width = (int(side) for side in shape[-3:-1])
pictures = [frame(t, height, width).reshape(shape) for t in range(frames + streams - 1)]
logits = [[None] * streams for _ in range(frames)]
for stream in range(streams):
    states = {name: np.zeros(d["shape"], d["dtype"]) for name, d in inputs.items() if name != "image"}
    for t in range(frames):
        states = run(image=pictures[stream + t], **states)
        logits[t][stream] = states.pop("logits")[0]
np.array(logits, np.float32).tofile(out)
