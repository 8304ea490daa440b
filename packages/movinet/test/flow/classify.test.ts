/** The flow as a caller sees it: what it gives, and that nothing is left open however the loop is left. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { getActiveResourcesInfo } from "node:process";
import { pathToFileURL } from "node:url";
import { describe, expect, test, vi } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { importPeer, peers } from "../../src/common/errors.ts";
import { nodeBackend } from "../../src/engines/onnxruntime/onnx.node.ts";
import { type Classification, type ClassifyOptions, classify } from "../../src/flow/classify.node.ts";
import { classifyFrames } from "../../src/flow/classify.ts";
import { writeModel } from "../../src/formats/model-file.ts";
import { Program, type SessionSource } from "../../src/session/program.ts";
import { WorkerProgram } from "../../src/session/worker-program.node.ts";
import type { Frame } from "../../src/video/frame.ts";
import { openModel } from "../../src/zoo/lookup.node.ts";
import { distance, hashedModel, randomPictures } from "../laws/models.ts";
import { carvingIce, hasShared, officialModel, sharedFolder, sharedReason } from "../shared.ts";
import { told } from "../told.ts";

const size = { height: 32, width: 40 };
const stream = hashedModel("a0-stream", { classes: 7, resolution: size });
const labels = [..."abcdefg"];
const model = { ...stream, card: { ...stream.card, labels } };
const hour = `${sharedFolder}/videos/derived/soccer_long_60s_5fps.mp4`;
const children = () => getActiveResourcesInfo().filter((name) => name === "ProcessWrap").length;

/** Frames that tell what became of them. */
function ownFrames(count: number) {
  const fate = { disposed: 0, ended: false };
  const bytes = Uint8Array.from(randomPictures(3, count, size.height, size.width), (value) => value * 255);
  async function* frames(): AsyncGenerator<Frame> {
    try {
      for (let k = 0; k < count; k++) {
        const data = bytes.subarray((k * bytes.length) / count, ((k + 1) * bytes.length) / count);
        yield { data, ...size, timestamp: k / 5, [Symbol.dispose]: () => fate.disposed++ };
      }
    } finally {
      fate.ended = true;
    }
  }
  return { fate, frames: frames() };
}

async function collect(source: Parameters<typeof classify>[0], options: ClassifyOptions): Promise<Classification[]> {
  const results: Classification[] = [];
  for await (const result of classify(source, options)) results.push(result);
  return results;
}

/** The sessions and programs that are opened from now on, as promises of what they then answer. */
function watchOpened() {
  const sessions: Awaited<ReturnType<Program["openStream"]>>[] = [];
  const openStream = Program.prototype.openStream;
  vi.spyOn(Program.prototype, "openStream").mockImplementation(async function (this: Program, options) {
    const session = await openStream.call(this, options);
    sessions.push(session);
    return session;
  });
  const disposed = vi.spyOn(Program.prototype, Symbol.asyncDispose);
  return { sessions, disposed, [Symbol.dispose]: () => vi.restoreAllMocks() };
}

describe("classify, frames of one's own", () => {
  test("names the classes as the portable flow scores them, with a model or a program here or in a worker", async () => {
    const program = await Program.compile(model, await nodeBackend({ threads: 1 }));
    const expected: Float32Array[] = [];
    for await (const { scores } of classifyFrames(ownFrames(4).frames, program)) expected.push(scores);
    const { fate, frames } = ownFrames(4);
    const compiled = await collect(frames, { model: program, top: 3 });
    const opened = await collect(ownFrames(4).frames, { model, threads: 1 });
    for (const [k, scores] of expected.entries()) {
      expect(distance(scores, compiled[k]?.scores ?? [])).toBe(0);
      expect(distance(scores, opened[k]?.scores ?? [])).toBe(0);
      const best = scores.indexOf(Math.max(...scores));
      expect(compiled[k]?.predictions[0]).toEqual({ label: labels[best], index: best, score: scores[best] });
    }
    expect(compiled.map(({ frame, time }) => [frame, time])).toEqual([0, 1, 2, 3].map((k) => [k, k / 5]));
    expect([compiled[0]?.predictions.length, opened[0]?.predictions.length]).toEqual([3, 5]);
    expect(fate).toEqual({ disposed: 4, ended: true });
    await program[Symbol.asyncDispose]();

    const worker = await WorkerProgram.start(model, { threads: 1 });
    const elsewhere = await collect(ownFrames(4).frames, { model: worker });
    for (const [k, scores] of expected.entries()) expect(distance(scores, elsewhere[k]?.scores ?? [])).toBe(0);
    await worker[Symbol.asyncDispose]();
  });

  test("break ends the frames, the session and a program of its own, and leaves a given one open", async () => {
    using opened = watchOpened();
    const { fate, frames } = ownFrames(9);
    for await (const _ of classify(frames, { model, threads: 1 })) break;
    expect(fate).toEqual({ disposed: 1, ended: true });
    expect(opened.disposed).toHaveBeenCalledTimes(1);
    await expect(opened.sessions[0]?.reset()).rejects.toMatchObject({ code: "E_SESSION_DISPOSED" });

    const program = await Program.compile(model, await nodeBackend({ threads: 1 }));
    for await (const _ of classify(ownFrames(9).frames, { model: program })) break;
    await expect(opened.sessions[1]?.reset()).rejects.toMatchObject({ code: "E_SESSION_DISPOSED" });
    expect(opened.disposed).toHaveBeenCalledTimes(1);
    await program[Symbol.asyncDispose]();
  });

  test("a signal ends a wait for a frame that never comes, with its reason", async () => {
    using opened = watchOpened();
    const abort = new AbortController();
    const next = () => {
      setImmediate(() => abort.abort(new Error("enough")));
      return new Promise<never>(() => {});
    };
    const stuck: AsyncIterable<Frame> = { [Symbol.asyncIterator]: () => ({ next }) };
    await expect(collect(stuck, { model, threads: 1, signal: abort.signal })).rejects.toThrow("enough");
    expect(opened.disposed).toHaveBeenCalledTimes(1);
    await expect(opened.sessions[0]?.reset()).rejects.toMatchObject({ code: "E_SESSION_DISPOSED" });
    const file = join(await mkdtemp(join(tmpdir(), "movinet-classify-")), "model.safetensors");
    await writeFile(file, writeModel(model));
    await expect(openModel(file, { signal: abort.signal })).rejects.toThrow("enough");
    await rm(dirname(file), { recursive: true });
  });

  test("an error of the frames comes through, and everything is freed", async () => {
    using opened = watchOpened();
    async function* broken(): AsyncGenerator<Frame> {
      yield* ownFrames(1).frames;
      throw new Error("the camera fell down");
    }
    await expect(collect(broken(), { model, threads: 1 })).rejects.toThrow("the camera fell down");
    expect(opened.disposed).toHaveBeenCalledTimes(1);
  });

  test("threads beside a compiled program are refused", async () => {
    const program = await Program.compile(model, await nodeBackend({ threads: 1 }));
    await expect(collect(ownFrames(1).frames, { model: program, threads: 2 })).rejects.toThrow(
      "device and threads belong to compiling",
    );
    await program[Symbol.asyncDispose]();
  });
});

describe("classifyFrames, whatever the model takes", () => {
  const base = hashedModel("t0-base", { classes: 7, resolution: size });
  const windows = { ...base, card: { ...base.card, labels, frames: 3 } };
  async function* broken(): AsyncGenerator<Frame> {
    yield* ownFrames(4).frames;
    throw new Error("the camera fell down");
  }
  const ways = {
    "the end": async (results: AsyncIterable<unknown>) => {
      let count = 0;
      for await (const _ of results) count++;
      expect(count).toBeGreaterThan(0);
    },
    break: async (results: AsyncIterable<unknown>) => {
      for await (const _ of results) break;
    },
    "an error of the loop": async (results: AsyncIterable<unknown>) => {
      const loop = async () => {
        for await (const _ of results) throw new Error("enough");
      };
      await expect(loop()).rejects.toThrow("enough");
    },
  };

  describe.each([
    ["a stream", model, false],
    ["a stream with its recent past", model, true],
    ["windows", windows, false],
  ] as const)("%s", (_, ofModel, recent) => {
    /** A program whose sessions are seen. */
    const watched = async () => {
      const program = await Program.compile(ofModel, await nodeBackend({ threads: 1 }));
      const sessions: (() => Promise<unknown>)[] = [];
      const frame = randomPictures(1, 1, size.height, size.width);
      const source: SessionSource = {
        model: ofModel,
        async openStream(options) {
          const session = await program.openStream(options);
          sessions.push(() => session.step(frame));
          return session;
        },
        async openRecent(halfLife) {
          const session = await program.openRecent(halfLife);
          sessions.push(() => session.step(frame));
          return session;
        },
        async openClip() {
          const session = await program.openClip();
          sessions.push(() => session.run(frame));
          return session;
        },
      };
      return { program, source, sessions };
    };
    const expectDisposed = async (sessions: readonly (() => Promise<unknown>)[]) => {
      expect(sessions).toHaveLength(1);
      for (const use of sessions) await expect(use()).rejects.toMatchObject({ code: "E_SESSION_DISPOSED" });
    };

    test.each(Object.entries(ways))("%s disposes of the session", async (_, leave) => {
      const { program, source, sessions } = await watched();
      const { fate, frames } = ownFrames(7);
      await leave(classifyFrames(frames, source, { recent }));
      expect(fate.ended).toBe(true);
      await expectDisposed(sessions);
      await program[Symbol.asyncDispose]();
    });

    test("an error of the frames disposes of the session and comes through", async () => {
      const { program, source, sessions } = await watched();
      const reading = async () => {
        for await (const _ of classifyFrames(broken(), source, { recent }));
      };
      await expect(reading()).rejects.toThrow("the camera fell down");
      await expectDisposed(sessions);
      await program[Symbol.asyncDispose]();
    });
  });
});

describe.skipIf(!hasShared)(`classify, videos${sharedReason}`, () => {
  test("a file by URL, a model by file: law 7", async () => {
    const results = await collect(pathToFileURL(carvingIce), { model: officialModel, top: 1 });
    expect(results).toHaveLength(22);
    expect(results.at(-1)?.predictions[0]?.label).toBe("carving ice");
  });

  test("fps is what the video is looked at", async () => {
    expect(await collect(carvingIce, { model, fps: 2 })).toHaveLength(9);
  });

  test("after break, abort and failure no decoding process is left", async () => {
    for await (const _ of classify(hour, { model })) {
      expect(children()).toBe(1);
      break;
    }
    await vi.waitFor(() => expect(children()).toBe(0));
    const abort = new AbortController();
    const reading = (async () => {
      for await (const { time } of classify(hour, { model, signal: abort.signal })) {
        if (time > 1) abort.abort(new Error("enough"));
      }
    })();
    await expect(reading).rejects.toThrow("enough");
    await vi.waitFor(() => expect(children()).toBe(0));
    await expect(collect(hour, { model, device: "abacus" })).rejects.toMatchObject({ code: "E_DEVICE_UNKNOWN" });
    await vi.waitFor(() => expect(children()).toBe(0));
  });
});

describe("optional peers", () => {
  test("ranges are those of package.json", () => {
    expect(peers).toEqual(manifest.peerDependencies);
    expect(Object.keys(manifest.peerDependenciesMeta).sort()).toEqual(Object.keys(peers).sort());
  });

  test("one that is absent and one that is broken give one line with the command", async () => {
    const absent = Object.assign(new Error("Cannot find package 'vega' imported from /x.js"), {
      code: "ERR_MODULE_NOT_FOUND",
    });
    await expect(importPeer("vega", () => Promise.reject(absent))).rejects.toMatchObject({
      code: "E_DEPENDENCY_MISSING",
      message: "vega: this optional package is not installed. Run npm i vega@^6.4.0 to install it.",
    });
    const broken = () => Promise.reject(new Error("libfoo.so: no such file\nmore"));
    await expect(importPeer("node-av", broken)).rejects.toThrow(
      told(
        "E_DEPENDENCY_MISSING",
        /^node-av: this optional package cannot be loaded \(libfoo\.so: no such file\)\. Run npm i node-av@\^6\.1\.1 to install it\.$/,
      ),
    );
  });
});
