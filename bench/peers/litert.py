"""Times stream steps of a TFLite file in native LiteRT (XNNPACK). One line of input: how many steps to run; one line of
output: their times in milliseconds, as JSON. Usage: litert.py FILE.tflite THREADS"""

import json
import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter

path, threads = sys.argv[1], int(sys.argv[2])
interpreter = Interpreter(path, num_threads=threads)
interpreter.allocate_tensors()
rng = np.random.default_rng(0)
for tensor in interpreter.get_input_details():
    shape, dtype = tensor["shape"], tensor["dtype"]
    value = np.ones(shape, dtype) if dtype == np.int32 else rng.random(shape).astype(dtype)
    interpreter.set_tensor(tensor["index"], value)
interpreter.invoke()
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter()
        interpreter.invoke()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps(times), flush=True)
