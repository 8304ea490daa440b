/** The last layer is solved beside the thread that hears signals: an abort ends it in the midst of its work. */
import { expect, test } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { randomWeights } from "../../src/arch/random-weights.ts";
import { specOf } from "../../src/arch/spec.ts";
import { randomOf } from "../../src/common/random.ts";
import { defaultCard } from "../../src/model/card.ts";
import { fitHead, type HeadSample, headOf } from "../../src/train/frozen-head.ts";
import { trainHead } from "../../src/train/frozen-training.node.ts";
import { inHeadThread } from "../../src/train/head-thread.node.ts";
import { testMirroring } from "../../src/train/mirror.ts";

const spec = specOf("a0-stream", { classes: 5 });
const model = {
  spec,
  weights: randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1),
  card: defaultCard(spec),
};
const random = randomOf("head thread");
const vector = () => Float32Array.from({ length: spec.head }, () => random.normal());
const samples = (count: number, classes: number): HeadSample[] =>
  Array.from({ length: count }, (_, i) => ({ views: [vector()], classes: [i % classes], group: null }));

test("it gives what the functions give", async () => {
  const few = samples(12, 3).map((sample) => ({ ...sample, mirrored: vector() }));
  const options = { classes: 3, seed: 4 };
  await inHeadThread(model, undefined, async (thread) => {
    expect(await thread.fit(few, options)).toEqual(fitHead(few, headOf(model), options));
    expect(await thread.mirror(few, options)).toEqual(testMirroring(few, headOf(model), options));
    await expect(thread.fit([], options)).rejects.toThrow("samples must not be empty");
  });
});

test("an abort ends hundreds of classes in the midst of them", async () => {
  const classes = 300;
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error("enough")), 300);
  const labels = Array.from({ length: classes }, (_, c) => `class ${c}`);
  const task = { name: "many", labels, multiLabel: false, seed: 0 };
  const view = { fps: 5, fits: ["crop"] } as const;
  // Minutes, if nothing ended it.
  await expect(trainHead(model, samples(3000, classes), view, task, abort.signal)).rejects.toThrow("enough");
}, 30_000);
