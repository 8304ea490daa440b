"""ncnn on every ONNX step file of a folder, converted by pnnx: name -> difference, as JSON. ncnn has no batches, so no clips.

Usage: ncnn_steps.py FOLDER (pnnx leaves what it makes there)"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import ncnn
import numpy as np
import onnx
from cases import difference, logits_of, read_cases

pnnx = os.path.join(os.path.dirname(find_spec("pnnx").origin), "pnnx")


def convert(file):
    """Writes the two files of a network beside `file`. pnnx makes identifiers of their names."""
    folder, name = os.path.split(file)
    done = subprocess.run([pnnx, name, "fp16=0"], capture_output=True, text=True, check=True, cwd=folder)
    unknown = sorted({line for line in done.stdout.splitlines() if line.startswith(("todo", "ignore"))})
    assert not unknown, f"pnnx does not know all of {name}: {unknown}"
    base = os.path.join(folder, os.path.splitext(name)[0].replace("-", "_"))
    return f"{base}.ncnn.param", f"{base}.ncnn.bin"


def runner(net, inputs, outputs):
    def run(feeds):
        with net.create_extractor() as extractor:
            for i, name in enumerate(inputs):
                extractor.input(f"in{i}", ncnn.Mat(np.ascontiguousarray(feeds[name][0])).clone())
            values = {name: np.array(extractor.extract(f"out{i}")[1])[None] for i, name in enumerate(outputs)}
        return values

    return run


found = {}
for case in read_cases(sys.argv[1], format="onnx", form="step"):
    graph = onnx.load(case["file"]).graph
    inputs = {i.name: ([d.dim_value for d in i.type.tensor_type.shape.dim], np.float32) for i in graph.input}
    outputs = [o.name for o in graph.output]
    param, weights = convert(case["file"])
    with ncnn.Net() as net:
        net.opt.num_threads = 1
        assert net.load_param(param) == 0 and net.load_model(weights) == 0, f"ncnn refuses {case['name']}"
        found[case["name"]] = difference(case, logits_of(case, inputs, runner(net, inputs, outputs)))
print(json.dumps(found))
