"""Restores checkpoints of ours with the official TensorFlow code, and runs it on the golden frames.

Usage: tensorflow-checkpoint.py FIGURES FOLDER

FOLDER holds a checkpoint for each golden case, named as its file of figures in the folder FIGURES. Needs `pip install
tensorflow-cpu==2.15.1` and `pip install --no-deps tf-models-official==2.15.0`, with what that imports. The whole model must be consumed
(assert_consumed), and so must its backbone alone as far as it goes. Frames are made by integer hashing (the rule of the golden
figures). Writes CSV: case, frames, largest difference of logits, "exact" where a checkpoint that TensorFlow saves of what it
restored has the same tensors, bit for bit."""

import json
import os
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, os.path.dirname(__file__))

import numpy as np
import tensorflow as tf
from frames import frame
from official.projects.movinet.modeling import movinet, movinet_model

tf.get_logger().setLevel("ERROR")


def build_backbone(figures):
    causal = figures["mode"] == "stream"
    gate = figures["gatingActivation"]
    return movinet.Movinet(
        model_id=figures["variant"],
        causal=causal,
        use_positional_encoding=figures["positionalEncoding"],
        conv_type=figures["convType"],
        se_type=figures["seType"],
        activation=figures["activation"],
        gating_activation="hard_sigmoid" if gate == "hard_sigmoid_B" else "sigmoid",
        use_sync_bn=False,
        use_external_states=causal,
    )


def build(figures):
    model = movinet_model.MovinetClassifier(
        build_backbone(figures),
        num_classes=figures["classes"],
        output_states=figures["mode"] == "stream",
        activation=figures["headActivation"],
    )
    model.build([1, 1, 64, 64, 3])
    return model


def logits(model, figures):
    _, frames, height, width, _ = figures["shape"]
    clip = np.stack([frame(t, height, width) for t in range(frames)])[None]
    if figures["mode"] == "base":
        return {str(frames - 1): model(clip).numpy()[0]}
    states = model.init_states([1, 1, height, width, 3])
    result = {}
    for t in range(frames):
        out, states = model({**states, "image": clip[:, t : t + 1]})
        result[str(t)] = out.numpy()[0]
    return result


def values(prefix):
    reader = tf.train.load_checkpoint(prefix)
    keys = [key for key in reader.get_variable_to_shape_map() if key.endswith("VARIABLE_VALUE")]
    return {key: reader.get_tensor(key) for key in keys if not key.startswith("save_counter")}


def main(figures_folder, folder):
    for name in sorted(file[:-6] for file in os.listdir(folder) if file.endswith(".index")):
        with open(os.path.join(figures_folder, name + ".json")) as file:
            figures = json.load(file)
        prefix = os.path.join(folder, name)
        model = build(figures)
        tf.train.Checkpoint(model=model).restore(prefix).assert_consumed()
        got = logits(model, figures)
        worst = max(np.abs(np.array(g) - got[t][: len(g)]).max() for t, g in figures["logits"].items())
        restored = tf.train.Checkpoint(backbone=build_backbone(figures)).restore(prefix)
        restored.assert_existing_objects_matched().expect_partial()
        with tempfile.TemporaryDirectory() as away:
            theirs, ours = values(tf.train.Checkpoint(model=model).save(os.path.join(away, "ckpt"))), values(prefix)
        exact = theirs.keys() == ours.keys() and all(np.array_equal(theirs[key], ours[key]) for key in ours)
        print(f"{name},{len(got)},{worst:.2e},{'exact' if exact else 'changed'}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
