"""Logits of an int8 ONNX file in ONNX Runtime, frame by frame, as JSON: for each file of pictures a list of rows.

Usage: onnx_int8.py FILE.onnx HEIGHT WIDTH PICTURES.f32 [...], of float32 [frames, 3, height, width]"""

import json
import sys

import numpy as np
import onnx
import onnxruntime
from cases import step

path, height, width, *clips = sys.argv[1:]
onnx.checker.check_model(onnx.load(path), full_check=True)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
# For x64 processors without VNNI; others ignore it.
options.add_session_config_entry("session.x64quantprecision", "1")
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
inputs = {i.name: (tuple(i.shape), np.float32) for i in session.get_inputs()}
names = [o.name for o in session.get_outputs()]
run = lambda feeds: dict(zip(names, session.run(None, feeds)))
answers = []
for clip in clips:
    pictures = np.fromfile(clip, np.float32).reshape(-1, 3, int(height), int(width))
    answers.append([np.array(logits).reshape(-1).tolist() for logits in step(pictures, inputs, run)])
print(json.dumps(answers))
