/** Laws 2 and 5 of what is asked for late: the same answers, whatever was advanced, reset, saved and asked in between. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engines/engine.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { referenceEngine } from "../../src/engines/reference.ts";
import { Program } from "../../src/session/program.ts";
import { rememberedFrames } from "../../src/session/stream-session.ts";
import { distance, hashedModel, interleave, randomPictures } from "./models.ts";

const size = { height: 32, width: 32 };
const picture = 3 * size.height * size.width;
const classes = 6;
const frames = 24;

type Event =
  | { readonly kind: "advance"; readonly count: number }
  | { readonly kind: "ask"; readonly last: number }
  | { readonly kind: "reset"; readonly stream: number }
  | { readonly kind: "move" };

const events = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("advance" as const), count: fc.integer({ min: 1, max: 4 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("ask" as const), last: fc.integer({ min: 1, max: rememberedFrames }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("reset" as const), stream: fc.integer({ min: 0, max: 1 }) }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "move" as const }) },
  ),
  { minLength: 4, maxLength: 14 },
);

describe.each([
  ["ONNX Runtime", () => nodeEngine({ threads: 1 }), 12],
  ["the reference interpreter", async () => referenceEngine, 2],
] as const)("%s", (_, open: () => Promise<Engine>, numRuns) => {
  describe.each([["2plus3d"], ["none"]] as const)("squeeze-excite %s", (squeezeExcite) => {
    let program: Program;
    beforeAll(async () => {
      program = await Program.compile(
        hashedModel("t0-stream", { resolution: size, classes, squeezeExcite }),
        await open(),
      );
    });
    afterAll(() => program[Symbol.asyncDispose]());

    test("outputs after any advances are those of a step at each frame of each stream alone", async () => {
      const images = [3, 4].map((seed) => randomPictures(seed, frames, size.height, size.width));
      const pictures = interleave(images, picture);
      await fc.assert(
        fc.asyncProperty(
          events,
          fc.constantFrom(1, 3),
          fc.constantFrom(Number.POSITIVE_INFINITY, 2),
          async (story: readonly Event[], chunk, halfLifeFrames) => {
            let session = await program.openStream({ streams: 2, chunk, halfLifeFrames });
            const alone = [
              await program.openStream({ halfLifeFrames }),
              await program.openStream({ halfLifeFrames }),
            ] as const;
            let said: (readonly Float32Array[])[] = [];
            let t = 0;
            for (const event of story) {
              if (event.kind === "advance") {
                const count = Math.min(event.count, frames - t);
                if (count === 0) continue;
                await session.advance(pictures.subarray(2 * t * picture, 2 * (t + count) * picture));
                for (let k = t; k < t + count; k++) {
                  const steps = alone.map((one, b) => one.step(images[b]!.subarray(k * picture, (k + 1) * picture)));
                  said.push((await Promise.all(steps)).map(({ logits }) => logits));
                }
                t += count;
              } else if (event.kind === "reset") {
                await session.reset(event.stream);
                await alone[event.stream]?.reset();
                said = [];
              } else if (event.kind === "move") {
                const other = await program.openStream({ streams: 2, halfLifeFrames });
                await other.restore(await session.snapshot(1), 1);
                await other.restore(await session.snapshot(0), 0);
                expect(await other.snapshot(1)).toEqual(await session.snapshot(1));
                await session[Symbol.asyncDispose]();
                session = other;
                said = [];
              } else if (said.length === 0) {
                await expect(session.outputs()).rejects.toThrow(TypeError);
              } else {
                const last = Math.min(event.last, said.length);
                const { logits } = await session.outputs(last);
                const expected = said.slice(-last).flat();
                expect(logits.length).toBe(expected.length * classes);
                for (const [row, one] of expected.entries()) {
                  expect(distance(logits.subarray(row * classes, (row + 1) * classes), one)).toBeLessThanOrEqual(1e-5);
                }
              }
            }
            for (const one of [session, ...alone]) await one[Symbol.asyncDispose]();
          },
        ),
        { numRuns },
      );
    });
  });
});
