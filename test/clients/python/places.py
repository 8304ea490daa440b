"""Where TensorFlow's own converter puts the inputs and outputs of each official file of a folder: name -> what differs, as JSON.

A signature with the names, types and shapes of ours is saved and converted, as Google's exporter does."""

import json
import sys
import tempfile

import tensorflow as tf
from cases import read_cases


def converted(inputs, outputs, folder):
    def network(**given):
        states = {name: given[name] + tf.cast(1, given[name].dtype) for name in outputs if name in given}
        return {"logits": tf.reduce_sum(given["image"], [1, 2, 3]), **states}

    specs = {name: tf.TensorSpec(d["shape"], d["dtype"], name=name) for name, d in inputs.items()}
    signature = tf.function(network).get_concrete_function(**specs)
    tf.saved_model.save(tf.Module(), folder, signatures={"serving_default": signature})
    return tf.lite.TFLiteConverter.from_saved_model(folder).convert()


def places(interpreter):
    """The names of inputs with the numbers of their tensors, and those of outputs, as clients without names see them."""
    runner = interpreter.get_signature_runner("serving_default")
    name_of = {d["index"]: name for name, d in runner.get_output_details().items()}
    inputs = [(d["name"].removeprefix("serving_default_"), int(d["index"])) for d in interpreter.get_input_details()]
    return inputs, [name_of[d["index"]] for d in interpreter.get_output_details()]


found = {}
for case in read_cases(sys.argv[1], format="tflite", form="official"):
    own = tf.lite.Interpreter(case["file"])
    runner = own.get_signature_runner("serving_default")
    with tempfile.TemporaryDirectory() as folder:
        model = converted(runner.get_input_details(), runner.get_output_details(), folder)
    theirs = tf.lite.Interpreter(model_content=model)
    pairs = zip(places(own), places(theirs), strict=True)
    found[case["name"]] = [f"{a} is not {b}" for ours, others in pairs for a, b in zip(ours, others, strict=True) if a != b]
print(json.dumps(found))
