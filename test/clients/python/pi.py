"""What Google's sample for the Raspberry Pi does, on tflite_runtime: `pi.py JOBS`, the likeliest label of each clip, as JSON.

JOBS is a list of {model, labels, clips: [{name, file}]}; a clip is a file of pictures as they come from a camera, uint8 RGB
in the size of the network."""

import json
import sys

import numpy as np
from tflite_runtime import __version__
from tflite_runtime.interpreter import Interpreter


class Classifier:
    def __init__(self, model, labels):
        # The sample names no signature: a file has one.
        self.step = Interpreter(model, num_threads=1).get_signature_runner()
        with open(labels) as file:
            self.labels = [line.replace("\n", "") for line in file]
        self.inputs = self.step.get_input_details()
        self.size = [side for side in self.inputs["image"]["shape"] if side != 1][:2]

    def classify(self, pictures):
        states = {name: np.zeros(d["shape"], d["dtype"]) for name, d in self.inputs.items() if name != "image"}
        for picture in pictures:
            outputs = self.step(**states, image=np.float32(picture[None, None]) / 255)
            scores = np.exp(outputs.pop("logits")[0])
            states = outputs
        assert len(scores) == len(self.labels), f"{len(self.labels)} labels for {len(scores)} classes"
        return self.labels[int(np.argmax(scores / scores.sum()))]


with open(sys.argv[1]) as file:
    jobs = json.load(file)
found = []
for job in jobs:
    classifier = Classifier(job["model"], job["labels"])
    clips = {clip["name"]: np.fromfile(clip["file"], np.uint8).reshape(-1, *classifier.size, 3) for clip in job["clips"]}
    found.append({name: classifier.classify(pictures) for name, pictures in clips.items()})
print(json.dumps({"version": __version__, "found": found}))
