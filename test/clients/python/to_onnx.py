"""tf2onnx on every TFLite file of a folder, the result on ONNX Runtime: name -> difference, as JSON.

`to_onnx.py FOLDER [PACKAGES]`: PACKAGES is a folder whose tf2onnx is to be taken."""

import json
import os
import sys
import tempfile

if len(sys.argv) > 2:
    sys.path.insert(0, sys.argv[2])

import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx
from cases import difference, logits_of, read_cases

opset = 15


def names_of(file):
    """Inputs and outputs of the signature -> names of their tensors, which are those of the ONNX file."""
    runner = tf.lite.Interpreter(file).get_signature_runner("serving_default")
    inputs = {name: (d["name"], tuple(d["shape"]), d["dtype"]) for name, d in runner.get_input_details().items()}
    return inputs, {name: d["name"] for name, d in runner.get_output_details().items()}


def convert(file, target):
    tf2onnx.convert.from_tflite(file, opset=opset, output_path=target)
    return onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"])


found = {}
for case in read_cases(sys.argv[1], format="tflite"):
    inputs, outputs = names_of(case["file"])
    with tempfile.TemporaryDirectory() as folder:
        session = convert(case["file"], os.path.join(folder, "model.onnx"))

        def run(feeds):
            given = {inputs[name][0]: np.asarray(value, inputs[name][2]) for name, value in feeds.items()}
            return dict(zip(outputs, session.run(list(outputs.values()), given)))

        shapes = {name: (shape, dtype) for name, (_, shape, dtype) in inputs.items()}
        found[case["name"]] = difference(case, logits_of(case, shapes, run))
print(json.dumps({"version": tf2onnx.__version__, "found": found}))
