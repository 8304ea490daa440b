/**
 * Every golden case as a file, the plain ones in every precision, run elsewhere: the largest difference from the
 * reference implementation's logits. `MOVINET_PYTHON` is the Python to use.
 *
 * `node bench/parity.ts onnx [CASE…]`: through onnx.checker and in Python's ONNX Runtime (`onnx`, `onnxruntime`,
 * `numpy`).
 *
 * `node bench/parity.ts tflite [CASE…]`: in native LiteRT on three sets of kernels (`ai-edge-litert`, `numpy`).
 *
 * `MOVINET_PORT=CHECKOUT node bench/parity.ts pt [CASE…]`: in the public PyTorch port (`torch`, `numpy`, `einops`,
 * `fvcore`), for the cases it supports: square inputs, and no difference but the gate.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Model } from "movinet";
import { emitOnnx, emitTflite, writeModel } from "movinet/formats";
import { onnxPrecisions } from "../packages/movinet/src/formats/onnx/write/file.ts";
import { differencesOfPort } from "../packages/movinet/src/formats/pytorch/write.ts";
import { tflitePrecisions } from "../packages/movinet/src/formats/tflite/write/lower.ts";
import { allFigures, modelOfFigures } from "../packages/movinet/test/golden/figures.ts";
import { pathOf, row, runPeer, temporaryFolder } from "./material.ts";

const formats = {
  onnx: {
    columns: "answers",
    peer: "onnx-verify.py",
    forms: { base: ["clip"], stream: ["step", "clip"] },
    precisions: onnxPrecisions,
    emit: (model: Model, options: object) => emitOnnx(model, options),
  },
  tflite: {
    columns: "kernels,frames",
    peer: "litert-verify.py",
    forms: { base: ["clip"], stream: ["step", "official"] },
    precisions: tflitePrecisions,
    emit: (model: Model, options: object) => emitTflite(model, options),
  },
  pt: {
    columns: "call,frames",
    peer: "pytorch-verify.py",
    forms: { base: ["-"], stream: ["-"] },
    precisions: ["float32"],
    emit: (model: Model) => writeModel(model, { format: "pt" }),
  },
} as const;
const [name, ...cases] = process.argv.slice(2);
if (name !== "onnx" && name !== "tflite" && name !== "pt") {
  throw new TypeError("usage: node bench/parity.ts onnx|tflite|pt [CASE…]");
}
const { columns, peer, forms, precisions, emit } = formats[name];
const path = join(temporaryFolder(), `model.${name}`);
const port = process.env["MOVINET_PORT"] ?? "";
const inPort = ({ spec }: Model) =>
  spec.resolution.height === spec.resolution.width && differencesOfPort(spec).every((one) => one.startsWith("gate "));
row("case,form,dtype,bytes", columns, "difference");
for (const figures of allFigures) {
  if (cases.length > 0 && !cases.includes(figures.case)) continue;
  const golden = pathOf(`../packages/movinet/test/golden/figures/${figures.case}.json`);
  const model = modelOfFigures(figures);
  if (name === "pt" && !inPort(model)) continue;
  const plain = figures.case === `${figures.variant}-${figures.mode}`;
  for (const form of forms[figures.mode]) {
    for (const dtype of plain ? precisions : ["float32"]) {
      const bytes = emit(model, { form, dtype, frames: figures.shape[1] });
      writeFileSync(path, bytes);
      for (const line of runPeer(peer, ...(name === "pt" ? [port] : []), golden, path)) {
        row(figures.case, form, dtype, bytes.length, ...line.split(",").slice(name === "pt" ? 1 : 2));
      }
    }
  }
}
