import { expect } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { interpret } from "../../src/graph/interpret.ts";
import { outputOf, type Shape } from "../../src/graph/ir.ts";
import type { Model } from "../../src/model/model.ts";
import { Program } from "../../src/session/program.ts";
import { compareStatistics, type Figures, largestDifference, modelOfFigures, specOfFigures } from "./figures.ts";
import { hashedFrames, weightsSha256 } from "./material.ts";

export const tolerance = 1e-4;

/**
 * Feeds the case's frames as the reference was fed and compares logits and final states; then all frames in one call. `model` is the
 * case's, as it came out of a file.
 */
export async function checkBackendParity(
  figures: Figures,
  engine: Engine,
  model: Model = modelOfFigures(figures),
): Promise<void> {
  expect(weightsSha256(model.weights)).toBe(figures.weightsSha256);
  const [, frames, height, width] = figures.shape;
  const images = hashedFrames(frames, height, width);
  const program = await Program.compile(model, engine);
  try {
    if (figures.mode === "base") {
      const session = await program.openClip();
      const logits = await session.run(images);
      expect(largestDifference(figures.logits[frames - 1] as number[], logits)).toBeLessThanOrEqual(tolerance);
      return;
    }
    const session = await program.openStream();
    const picture = 3 * height * width;
    for (let t = 0; t < frames; t++) {
      const logits = (await session.step(images.subarray(t * picture, (t + 1) * picture))).logits;
      const expected = figures.logits[t];
      if (expected) expect(largestDifference(expected, logits), `frame ${t}`).toBeLessThanOrEqual(tolerance);
    }
    const state = await session.snapshot();
    const off = compareStatistics(
      figures.finalStates ?? {},
      (name) => state[name] ?? { shape: [], data: [] },
      tolerance * frames,
    );
    expect(off).toEqual([]);
    const chunked = await program.openStream({ chunk: frames });
    const logits = (await chunked.step(images)).logits;
    expect(largestDifference(figures.logits[frames - 1] as number[], logits), "one call").toBeLessThanOrEqual(
      tolerance,
    );
  } finally {
    await program[Symbol.asyncDispose]();
  }
}

/** Runs the whole clip through the interpreter and compares the logits and every endpoint. */
export function checkClipParity(figures: Figures): void {
  const model = modelOfFigures(figures);
  const [, frames, height, width] = figures.shape;
  const graph = buildGraph(specOfFigures(figures), { form: "clip", frames });
  const times = Array.from({ length: frames }, (_, t) => t);
  const values = interpret(graph, model.weights, {
    image: hashedFrames(frames, height, width),
    inverse_count: times.map((t) => 1 / (t + 1)),
    position: times,
  });
  const off = compareStatistics(
    figures.endpoints ?? {},
    (name) => {
      const value = graph.endpoints[name] as string;
      const shape = graph.shapes[value] as Shape;
      return {
        shape: [1, shape.frames, shape.height, shape.width, shape.channels],
        data: channelsLast(values[value] as Float64Array, shape),
      };
    },
    tolerance,
  );
  expect(off).toEqual([]);
  expect(
    largestDifference(figures.logits[frames - 1] as number[], values[outputOf(graph)] as Float64Array),
  ).toBeLessThanOrEqual(tolerance);
}

function channelsLast(data: Float64Array, { channels, height, width }: Shape): number[] {
  const pixels = height * width;
  return Array.from(data, (_, i) => {
    const frame = Math.floor(i / (pixels * channels));
    const rest = i % (pixels * channels);
    return data[(frame * channels + (rest % channels)) * pixels + Math.floor(rest / channels)] as number;
  });
}
