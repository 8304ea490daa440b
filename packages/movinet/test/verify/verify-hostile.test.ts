/** Files that are made to take all memory or never to end are refused by `verify`, whose process stays as it was. */
import { PbfWriter } from "pbf";
import { expect, test } from "vitest";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { emitOnnx } from "../../src/formats/onnx/write/file.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import { openRunners } from "../../src/verify/verify.node.ts";
import { hashedModel, randomPictures } from "../laws/models.ts";

const model = hashedModel("t0-stream", { classes: 3, resolution: { height: 32, width: 32 } });

interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
}

/** A file of ours whose graph also computes an output `more` from constants: messages of protocol buffers add up. */
function withNodes(nodes: readonly Node[], constants: Readonly<Record<string, readonly number[]>>): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeMessage(
    7,
    (_: null, graph) => {
      for (const { op, inputs, output } of nodes) {
        graph.writeMessage(
          1,
          (__: null, node) => {
            for (const input of inputs) node.writeStringField(1, input);
            node.writeStringField(2, output);
            node.writeStringField(4, op);
          },
          null,
        );
      }
      for (const [name, values] of Object.entries(constants)) {
        graph.writeMessage(
          5,
          (__: null, tensor) => {
            tensor.writePackedVarint(1, [values.length]);
            tensor.writeVarintField(2, 7);
            tensor.writeStringField(8, name);
            tensor.writeBytesField(9, new Uint8Array(BigInt64Array.from(values, BigInt).buffer));
          },
          null,
        );
      }
      graph.writeMessage(12, (__: null, output) => output.writeStringField(1, "more"), null);
    },
    null,
  );
  return new Uint8Array(Buffer.concat([emitOnnx(model), pbf.finish()]));
}

test("a constant of 6 GB", async () => {
  const bytes = withNodes([{ op: "ConstantOfShape", inputs: ["size"], output: "more" }], { size: [1_500_000_000] });
  const before = process.memoryUsage.rss();
  const opened = openRunners(bytes, "m.onnx", await nodeEngine({ threads: 1 }));
  const run = opened.then(async (file) => {
    try {
      return await file.runners[0]?.logits([randomPictures(1, 1, 32, 32)]);
    } finally {
      await file[Symbol.asyncDispose]();
    }
  });
  await expect(run).rejects.toThrow(
    expect.objectContaining({ code: "E_MODEL_RUNTIME", message: expect.stringMatching(/needs more than \d+ MB/) }),
  );
  expect((process.memoryUsage.rss() - before) / 1e6).toBeLessThan(512);
});

test.each(["Loop", "Scan", "If", "SequenceMap"])("control flow: %s", async (op) => {
  const bytes = withNodes([{ op, inputs: ["count"], output: "more" }], { count: [2 ** 52] });
  await expect(openRunners(bytes, "m.onnx", await nodeEngine({ threads: 1 }))).rejects.toThrow(
    expect.objectContaining({ code: "E_MODEL_FORMAT", message: expect.stringContaining(`it uses the operator ${op}`) }),
  );
});

test("what ends a file ends its process: a signal, and closing it", async () => {
  const engine = await nodeEngine({ threads: 1 });
  for (const bytes of [emitOnnx(model), emitTflite(model, { form: "step" })]) {
    const abort = new AbortController();
    const file = await openRunners(bytes, "m", engine, { signal: abort.signal });
    const [own] = file.runners;
    const clip = [randomPictures(1, 1, 32, 32)];
    expect((await own?.logits(clip))?.[0]).toHaveLength(3);
    abort.abort(new Error("enough"));
    await expect(own?.logits(clip)).rejects.toThrow("enough");
    await expect(own?.logits(clip)).rejects.toThrow("enough");
    await file[Symbol.asyncDispose]();
  }
});

test("what a runtime refuses is an error about the file", async () => {
  const bytes = withNodes([{ op: "NoSuchOperator", inputs: ["x"], output: "more" }], { x: [1] });
  await expect(openRunners(bytes, "m.onnx", await nodeEngine({ threads: 1 }))).rejects.toMatchObject({
    code: "E_MODEL_FORMAT",
    subject: "m.onnx",
  });
});
