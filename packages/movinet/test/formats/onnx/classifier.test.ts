/** A classifier by itself: any number of rows in one call, each as if it were alone. */
import { expect, test } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { specOf } from "../../../src/arch/spec.ts";
import { nodeEngine } from "../../../src/engines/onnxruntime/onnx.node.ts";
import { emitOnnxGraph } from "../../../src/formats/onnx/write/emit.ts";
import { interpret } from "../../../src/graph/interpret.ts";
import { outputOf } from "../../../src/graph/ir.ts";
import { lowerForInference, type SplitHead, splitHead } from "../../../src/graph/passes.ts";
import { type Call, loadCall } from "../../../src/session/call.ts";
import { Classifier } from "../../../src/session/classifier.ts";
import { hashedWeights } from "../../golden/material.ts";
import { distance, randomPictures } from "../../laws/models.ts";

const classes = 9;

test.each(["a0-stream", "a3-stream", "t0-stream"] as const)(
  "%s: one row and several are what the interpreter says",
  async (name) => {
    const spec = specOf(name, { classes, resolution: { height: 32, width: 32 } });
    const { classifier } = splitHead(buildGraph(spec, { form: "step", frames: 1 })) as SplitHead;
    const weights = hashedWeights(classifier.params);
    const engine = await nodeEngine({ threads: 1 });
    const calls: Call[] = [];
    const run = new Classifier(async (rows) => {
      const call = await loadCall(engine, { graph: classifier, weights }, { streams: rows < 16 ? rows : null });
      calls.push(call);
      return call;
    });
    for (const rows of [1, 2, 5, 16, 3, 1]) {
      const means = randomPictures(rows, 1, 1, rows * spec.head).subarray(0, rows * spec.head);
      const said = (await run.run(means, spec.head))["logits"] as Float32Array;
      expect(said.length).toBe(rows * classes);
      for (let row = 0; row < rows; row++) {
        const mean = means.subarray(row * spec.head, (row + 1) * spec.head);
        const expected = interpret(classifier, weights, { "head.pool": mean })[outputOf(classifier)] as Float64Array;
        expect(distance(said.subarray(row * classes, (row + 1) * classes), expected)).toBeLessThanOrEqual(1e-5);
      }
    }
    run.dispose();
    expect(calls.length).toBe(5);
    for (const { executable } of calls) await executable.dispose();
  },
);

test("only what looks at single pixels alone sees its rows as pixels", () => {
  const spec = specOf("t0-stream", { classes, resolution: { height: 32, width: 32 } });
  const { classifier, body } = splitHead(buildGraph(spec, { form: "step", frames: 1 })) as SplitHead;
  const hasTranspose = (graph: typeof body) =>
    new TextDecoder("latin1")
      .decode(emitOnnxGraph(lowerForInference(graph), hashedWeights(graph.params)))
      .includes("Transpose");
  expect([hasTranspose(classifier), hasTranspose(body)]).toEqual([true, false]);
});
