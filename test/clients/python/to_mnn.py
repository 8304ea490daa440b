"""MNN's converter core on every TFLite file of a folder, the result on MNN: name -> difference, as JSON.

Its command line is left alone: it installs packages and reports home."""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from cases import difference, logits_of, read_cases

convert = "import sys, _tools; _tools.mnnconvert(['', '-f', 'TFLITE', '--modelFile', sys.argv[1], '--MNNModel', sys.argv[2], '--bizCode', 'test'])"


def convert_and_run(case, target):
    # A crash of the converter ends its process.
    done = subprocess.run([sys.executable, "-c", convert, case["file"], target], capture_output=True, text=True)
    if done.returncode != 0 or not os.path.exists(target):
        return f"the converter ended with {done.returncode}: {done.stdout[-200:]}"
    import MNN

    runner = Interpreter(case["file"]).get_signature_runner("serving_default")
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    tensors = [[details["name"] for details in side.values()] for side in (inputs, outputs)]
    module = MNN.nn.load_module_from_file(target, *tensors)

    def run(feeds):
        given = []
        for name, details in inputs.items():
            value = np.ascontiguousarray(feeds[name], details["dtype"])
            kind = MNN.expr.int if value.dtype == np.int32 else MNN.expr.float
            given.append(MNN.expr.const(value, list(value.shape), MNN.expr.NHWC, kind))
        return {n: np.array(MNN.expr.convert(o, MNN.expr.NHWC).read()) for n, o in zip(outputs, module.forward(given))}

    shapes = {name: (tuple(details["shape"]), details["dtype"]) for name, details in inputs.items()}
    return difference(case, logits_of(case, shapes, run))


found = {}
with tempfile.TemporaryDirectory() as folder:
    for i, case in enumerate(read_cases(sys.argv[1], format="tflite")):
        found[case["name"]] = convert_and_run(case, os.path.join(folder, f"{i}.mnn"))
print(json.dumps(found))
