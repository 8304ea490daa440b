/** When the classifier runs: whatever is chosen, the same answers, none lost, and every picture held until its result was told. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { classifyFrames } from "../../src/flow/classify.ts";
import type { FrameResult, FramesOptions } from "../../src/flow/frame-result.ts";
import { Recognizer } from "../../src/flow/recognizer.ts";
import { Program, type SessionSource } from "../../src/session/program.ts";
import type { Frame } from "../../src/video/frame.ts";
import { distance, hashedModel, randomPictures } from "../laws/models.ts";

const size = { height: 32, width: 40 };
const stream = hashedModel("t0-stream", { classes: 7, resolution: size });
const base = hashedModel("t0-base", { classes: 7, resolution: size });
const windows = { ...base, card: { ...base.card, frames: 3 } };
const pictures = Uint8Array.from(randomPictures(3, 24, size.height, size.width), (value) => value * 255);
const picture = 3 * size.height * size.width;

/** Frames that tell what became of them; after the last one `end` decides. */
function framesOf(count: number, end: () => Promise<void> | void = () => {}) {
  const fate = { released: [] as number[], ended: 0 };
  async function* frames(): AsyncGenerator<Frame> {
    try {
      for (let k = 0; k < count; k++) {
        const data = pictures.subarray(k * picture, (k + 1) * picture);
        yield { data, ...size, timestamp: k / 5, [Symbol.dispose]: () => fate.released.push(k) };
      }
      await end();
    } finally {
      fate.ended++;
    }
  }
  return { fate, frames: frames() };
}

/** A program whose sessions count how often they are asked. */
function counted(program: Program) {
  const asked: number[] = [];
  const source: SessionSource = {
    model: program.model,
    openClip: () => program.openClip(),
    async openStream(options) {
      const session = await program.openStream(options);
      const { outputs } = session;
      session.outputs = (frames = 1) => {
        asked.push(frames);
        return outputs.call(session, frames);
      };
      return session;
    },
  };
  return { asked, source };
}

/** Results, and what ended them. */
async function told(results: AsyncIterable<FrameResult>) {
  const given: FrameResult[] = [];
  try {
    for await (const result of results) given.push(result);
  } catch (error) {
    return { given, error };
  }
  return { given, error: null };
}

describe.each([
  ["a stream", stream, {}],
  ["a stream with its recent past", stream, { recent: true }],
  ["a stream with its recent past estimated", stream, { recent: "estimated" }],
  ["windows", windows, { recent: true }],
] as const)("%s", (title, model, more: FramesOptions) => {
  let program: Program;
  beforeAll(async () => {
    program = await Program.compile(model, await nodeEngine({ threads: 1 }));
  });
  afterAll(() => program[Symbol.asyncDispose]());
  const isStream = model.spec.mode === "stream";
  const all = (count: number, answers: FramesOptions["answers"]) =>
    told(classifyFrames(framesOf(count).frames, program, { ...more, answers }));
  const expectSame = (got: FrameResult | undefined, expected: FrameResult | undefined) => {
    expect([got?.frame, got?.time, got?.recent?.since]).toEqual([
      expected?.frame,
      expected?.time,
      expected?.recent?.since,
    ]);
    expect(got?.picture.data).toEqual(expected?.picture.data);
    expect(distance(got?.scores ?? [], expected?.scores ?? [Number.NaN])).toBeLessThanOrEqual(1e-5);
    if (expected?.recent) expect(distance(got?.recent?.scores ?? [], expected.recent.scores)).toBeLessThanOrEqual(1e-5);
  };
  const canBeLast = more.recent !== "estimated";
  const ways = (["each", "grouped", "last"] as const).filter((answers) => answers !== "last" || canBeLast);

  test.each([1, 7, 8, 9, 17])("%i frames: groups say what each says, and the last is the last", async (count) => {
    const each = await all(count, "each");
    expect(each.given.length).toBe(isStream ? count : Math.max(1, Math.round(count / 3)));
    const grouped = await all(count, "grouped");
    expect(grouped.given.length).toBe(each.given.length);
    for (const [k, result] of grouped.given.entries()) expectSame(result, each.given[k]);
    if (!canBeLast) return;
    const { given } = await all(count, "last");
    expect(given.length).toBe(1);
    expectSame(given[0], each.given.at(-1));
    expect(given[0]?.timings.inferMs).toBeGreaterThan(0);
    expect(given[0]?.timings.preprocessMs).toBeGreaterThan(0);
  });

  if (isStream)
    test("the classifier runs as seldom as it may", async () => {
      for (const [answers, calls] of [
        ["each", Array(17).fill(1)],
        ["grouped", [8, 8, 1]],
        ["last", [1]],
      ] as const) {
        if (!ways.includes(answers)) continue;
        const { asked, source } = counted(program);
        await told(classifyFrames(framesOf(17).frames, source, { ...more, answers }));
        expect(asked).toEqual(calls);
      }
    });

  test.each(ways)("%s: a picture is released once, when the next result is asked for", async (answers) => {
    const { fate, frames } = framesOf(11);
    for await (const { frame } of classifyFrames(frames, program, { ...more, answers })) {
      expect(fate.released).not.toContain(frame);
    }
    expect(fate.released.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 11 }, (_, k) => k));
    expect(fate.ended).toBe(1);
  });

  test.each(ways)("%s: break releases every picture that was given", async (answers) => {
    const { fate, frames } = framesOf(11);
    for await (const _ of classifyFrames(frames, program, { ...more, answers })) break;
    const given = answers === "last" ? 11 : !isStream ? 3 : answers === "each" ? 1 : 8;
    expect(fate.released.toSorted((a, b) => a - b)).toEqual(Array.from({ length: given }, (_, k) => k));
    expect(fate.ended).toBe(1);
  });

  describe.each(ways)("%s", (answers) => {
    const before = answers === "last" ? 1 : isStream ? 11 : 3;

    test("where the frames fail, what came before is told, then the error", async () => {
      const fail = () => Promise.reject(new Error("the camera fell down"));
      const { fate, frames } = framesOf(11, fail);
      const { given, error } = await told(classifyFrames(frames, program, { ...more, answers }));
      expect(error).toMatchObject({ message: "the camera fell down" });
      const expected = (await all(9, "each")).given.concat(isStream ? (await all(11, "each")).given.slice(9) : []);
      expect(given.length).toBe(before);
      for (const [k, result] of given.entries()) expectSame(result, expected[expected.length - before + k]);
      expect(fate.released.length).toBe(11);
      const none = await told(classifyFrames(framesOf(0, fail).frames, program, { ...more, answers }));
      expect(none).toMatchObject({ given: [], error: { message: "the camera fell down" } });
    });

    test("so where the signal aborts, and where a frame is none", async () => {
      const abort = new AbortController();
      const never = () => {
        setImmediate(() => abort.abort(new Error("enough")));
        return new Promise<never>(() => {});
      };
      const { frames } = framesOf(11, never);
      const aborted = await told(classifyFrames(frames, program, { ...more, answers, signal: abort.signal }));
      expect(aborted.given.length).toBe(before);
      expect(aborted.error).toMatchObject({ message: "enough" });
      async function* bad(): AsyncGenerator<Frame> {
        yield* framesOf(11).frames;
        yield { data: new Uint8Array(3), ...size, timestamp: 3 };
      }
      const refused = await told(classifyFrames(bad(), program, { ...more, answers }));
      expect(refused.given.length).toBe(before);
      expect(refused.error).toMatchObject({ name: "TypeError" });
    });
  });

  if (title === "a stream")
    test("options that mean nothing are refused, and an error of frames that are told to end comes through", async () => {
      const wrong = { ...more, answers: "sometimes" } as unknown as FramesOptions;
      await expect(classifyFrames(framesOf(1).frames, program, wrong).next()).rejects.toThrow(/^answers must be each/);
      const estimated = { answers: "last", recent: "estimated" } as const;
      await expect(classifyFrames(framesOf(1).frames, program, estimated).next()).rejects.toThrow(TypeError);
      async function* stubborn(): AsyncGenerator<Frame> {
        try {
          yield* framesOf(9).frames;
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: this is what must come through
          throw new Error("I cannot end");
        }
      }
      const reading = async () => {
        for await (const _ of classifyFrames(stubborn(), program, { answers: "grouped" })) break;
      };
      await expect(reading()).rejects.toThrow("I cannot end");
    });

  if (title === "a stream")
    test("a file is told in groups unless asked otherwise, a camera and own frames one by one", async () => {
      for (const [isFile, answers, calls] of [
        [true, undefined, [8, 2]],
        [true, "each", Array(10).fill(1)],
        [false, undefined, Array(10).fill(1)],
      ] as const) {
        const { asked, source } = counted(program);
        const owner = { ...source, [Symbol.asyncDispose]: async () => {} };
        const report = { name: "none", trials: [], arithmetic: "float32" } as const;
        const recognizer = new Recognizer<string>(owner, report, [], () => ({ frames: framesOf(10).frames, isFile }));
        expect((await told(recognizer.classify("clip", { answers }))).given.length).toBe(10);
        expect(asked).toEqual(calls);
        asked.length = 0;
        await told(recognizer.classify(framesOf(3).frames));
        expect(asked).toEqual([1, 1, 1]);
        await recognizer.close();
      }
    });
});
