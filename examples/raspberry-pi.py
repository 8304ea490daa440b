"""Names what a camera sees, once a second: python3 raspberry-pi.py mine.tflite [VIDEO [FPS]]

mine.tflite is in the official form (movinet convert … --form official), with mine.labels.txt beside it.
pip install ai-edge-litert numpy opencv-python-headless
"""

import sys
import time

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

FPS = 5  # frames per second, as `movinet inspect mine.tflite` says
AFRESH = 10  # seconds after which it forgets what it saw: an answer is about everything since then

model = sys.argv[1]
source = sys.argv[2] if len(sys.argv) > 2 else 0
fps = float(sys.argv[3]) if len(sys.argv) > 3 else FPS
with open(model.removesuffix(".tflite") + ".labels.txt", encoding="utf-8") as file:
    labels = file.read().splitlines()

step = Interpreter(model, num_threads=2).get_signature_runner("serving_default")
details = step.get_input_details()
_, _, height, width, _ = details["image"]["shape"]
start = {name: np.zeros(d["shape"], d["dtype"]) for name, d in details.items() if name != "image"}


def picture_of(frame):
    """The centre of a BGR frame as the network sees it: [1, 1, height, width, 3], RGB in 0..1."""
    scale = min(frame.shape[0] / height, frame.shape[1] / width)
    h, w = round(height * scale), round(width * scale)
    y, x = (frame.shape[0] - h) // 2, (frame.shape[1] - w) // 2
    small = cv2.resize(frame[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.float32)[None, None] / 255


video = cv2.VideoCapture(source)
started = time.monotonic()
state, seen, due = start, 0, 0.0
while True:
    ok, frame = video.read()
    if not ok:
        break
    now = time.monotonic() - started if source == 0 else video.get(cv2.CAP_PROP_POS_MSEC) / 1000
    if now < due - 0.001:
        continue
    due += 1 / fps
    if seen == AFRESH * fps:
        state, seen = start, 0
    state = step(image=picture_of(frame), **state)
    logits = state.pop("logits")[0]
    seen += 1
    scores = np.exp(logits - logits.max())
    scores /= scores.sum()
    best = scores.argmax()
    if seen % round(fps) == 0:
        print(f"{now:7.1f} s  {labels[best]}  {scores[best]:.0%}", flush=True)
