/** What a broken file would do, as runners around a sound one and as networks to be written. */

import type { Tensor } from "../../src/graph/tensor.ts";
import type { Model } from "../../src/model/model.ts";
import type { SessionSource } from "../../src/session/program.ts";
import type { Runner } from "../../src/verify/runner.ts";

/** The same weights but for some, each of whose numbers `change` sees with its index. */
export function changed(
  model: Model,
  chosen: (name: string) => boolean,
  change: (value: number, index: number, tensor: Tensor) => number,
): Model {
  const weights = new Map(
    [...model.weights].map(([name, tensor]) => [
      name,
      chosen(name) ? { ...tensor, data: tensor.data.map((value, i) => change(value, i, tensor)) } : tensor,
    ]),
  );
  return { ...model, weights };
}

const named = (name: string) => (other: string) => other === name;

/** Networks that a broken writer or reader would make of a model. */
export const brokenModels: Readonly<Record<string, (model: Model) => Model>> = {
  constant: (model) => changed(model, named("classifier2.kernel"), () => 0),
  "no time": (model) =>
    changed(
      model,
      (name) => name.endsWith("temporal.kernel"),
      (value, i, { shape, data }) => (i < data.length * (1 - 1 / (shape[0] as number)) ? 0 : value),
    ),
  "shuffled channels": (model) =>
    changed(model, named("stem.kernel"), (_, i, { shape, data }) => {
      const filters = shape.at(-1) as number;
      const channel = Math.floor(i / filters) % 3;
      return data[i + (2 - 2 * channel) * filters] as number;
    }),
  "not a number": (model) => changed(model, named("classifier1.bias"), (value, i) => (i === 0 ? Number.NaN : value)),
  "input scale": (model) => changed(model, named("stem.kernel"), (value) => value / 255),
  "logit scale": (model) =>
    changed(
      model,
      (name) => name.startsWith("classifier2."),
      (value) => 2 * value,
    ),
};

/** A runner that does something else with a clip. */
function around(runner: Runner, logits: Runner["logits"]): Runner {
  return { ...runner, logits };
}

/** A sound runner, frame by frame, gone wrong. */
export const brokenRunners: Readonly<Record<string, (runner: Runner) => Runner>> = {
  constant(runner) {
    let first: Float32Array | undefined;
    return around(runner, async (clip) => {
      first ??= (await runner.logits(clip)).at(-1);
      return clip.map(() => first as Float32Array);
    });
  },
  "zeroed state": (runner) =>
    around(runner, async (clip) => {
      const answers: Float32Array[] = [];
      for (const frame of clip) answers.push(...(await runner.logits([frame])));
      return answers;
    }),
  "shuffled channels": (runner) =>
    around(runner, (clip) =>
      runner.logits(
        clip.map((frame) => {
          const size = frame.length / 3;
          return frame.map((_, i) => frame[i + (2 - 2 * Math.floor(i / size)) * size] as number);
        }),
      ),
    ),
  "not a number": (runner) =>
    around(runner, async (clip) => (await runner.logits(clip)).map((logits) => logits.map(() => Number.NaN))),
  "input scale": (runner) =>
    around(runner, (clip) => runner.logits(clip.map((frame) => frame.map((value) => 255 * value)))),
  "logit scale": (runner) =>
    around(runner, async (clip) => (await runner.logits(clip)).map((logits) => logits.map((value) => 2 * value))),
};

/** Streams whose convolutions have forgotten all earlier frames; their means have not. */
export function withoutTime(source: SessionSource, runner: Runner): Runner {
  return around(runner, async (clip) => {
    const session = await source.openStream();
    try {
      const answers: Float32Array[] = [];
      for (const frame of clip) {
        answers.push((await session.step(frame)).logits);
        const state = Object.entries(await session.snapshot());
        const forgotten = state.map(([name, { shape, data }]) => [
          name,
          { shape, data: name.includes("stream_buffer") ? data.map(() => 0) : data },
        ]);
        await session.restore(Object.fromEntries(forgotten));
      }
      return answers;
    } finally {
      await session[Symbol.asyncDispose]();
    }
  });
}
