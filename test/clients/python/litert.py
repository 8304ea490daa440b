"""Native LiteRT, or the older tflite_runtime, on every TFLite file of a folder, by its signature: name -> difference, as JSON."""

import json
import sys

from cases import difference, logits_of, read_cases

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:
    from tflite_runtime.interpreter import Interpreter

found = {}
for case in read_cases(sys.argv[1], format="tflite"):
    runner = Interpreter(case["file"], num_threads=1).get_signature_runner("serving_default")
    inputs = {name: (tuple(d["shape"]), d["dtype"]) for name, d in runner.get_input_details().items()}
    found[case["name"]] = difference(case, logits_of(case, inputs, lambda feeds: runner(**feeds)))
print(json.dumps(found))
