import { expect } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import type { SpecName } from "../../src/arch/spec.ts";
import { litertEngine } from "../../src/engines/litert/litert.node.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { emitOnnx } from "../../src/formats/onnx/write/file.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import {
  type CarriedState,
  graphInterface,
  type Signature,
  type StepInterface,
  signatureInterface,
} from "../../src/graph/step-interface.ts";
import { hashedModel } from "../laws/models.ts";

const small = { classes: 7, resolution: { height: 32, width: 48 } };

function interfaceOf(signature: Signature): StepInterface {
  const read = signatureInterface(signature);
  if ("problems" in read) throw new Error(read.problems.join());
  return read.step;
}
const facts = (states: readonly CarriedState[]) =>
  new Map(states.map(({ name, shape, dtype, kind }) => [name, { shape, dtype, kind }]));

/** What the files of a model carry from call to call, held against its graph. */
export async function checkFiles(name: SpecName): Promise<void> {
  const model = hashedModel(name, small);
  const graph = graphInterface(buildGraph(model.spec, { form: "step", frames: 1 }));
  const [onnx, litert] = [await nodeEngine({ threads: 1 }), await litertEngine()];
  const files = [
    await onnx.load({ file: emitOnnx(model, { form: "step" }), subject: "onnx" }),
    await litert.load({ file: emitTflite(model, { form: "step" }), subject: "step" }),
    await litert.load({ file: emitTflite(model, { form: "official" }), subject: "official" }),
  ];
  for (const file of files) {
    const { inputs, outputs, layout } = file;
    const step = interfaceOf({ inputs, outputs, layout });
    expect(facts(step.states)).toEqual(facts(graph.states));
    expect(step.picture).toMatchObject({ input: "image", channels: 3, ...small.resolution });
    expect([step.frames, Object.keys(step.outputs)]).toEqual([1, ["logits"]]);
    await file.dispose();
  }
}
