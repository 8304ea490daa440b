"""What Python's tools for ONNX make of every ONNX file of a folder: client -> name -> difference, as JSON."""

import json
import sys

import numpy as np
import onnx
import onnxruntime
import onnxsim
import openvino
from cases import difference, logits_of, read_cases


def in_onnxruntime(case, model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    inputs = {i.name: (tuple(i.shape), np.float32) for i in session.get_inputs()}
    names = [o.name for o in session.get_outputs()]
    return logits_of(case, inputs, lambda feeds: dict(zip(names, session.run(None, feeds))))


def in_openvino(case):
    core = openvino.Core()
    hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = core.compile_model(core.read_model(case["file"]), "CPU", hints)
    sizes = lambda i: tuple(d.get_length() if d.is_static else -1 for d in i.get_partial_shape())
    inputs = {i.get_any_name(): (sizes(i), np.float32) for i in compiled.inputs}
    names = [o.get_any_name() for o in compiled.outputs]

    def run(feeds):
        results = compiled(feeds)
        return {name: np.array(results[i]) for i, name in enumerate(names)}

    return logits_of(case, inputs, run)


def simplified(case):
    model, same = onnxsim.simplify(onnx.load(case["file"]))
    assert same, f"onnxsim changes what {case['name']} computes"
    onnx.checker.check_model(model, full_check=True)
    return in_onnxruntime(case, model.SerializeToString())


found = {"checker": {}, "onnxruntime": {}, "onnxsim": {}, "openvino": {}}
for case in read_cases(sys.argv[1], format="onnx"):
    model = onnx.load(case["file"])
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    found["checker"][case["name"]] = 0
    found["onnxruntime"][case["name"]] = difference(case, in_onnxruntime(case, case["file"]))
    found["onnxsim"][case["name"]] = difference(case, simplified(case))
    found["openvino"][case["name"]] = difference(case, in_openvino(case))
print(json.dumps(found))
