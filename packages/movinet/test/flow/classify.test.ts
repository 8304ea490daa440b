/** The flow as a caller sees it: what it gives, and that nothing is left open however the loop is left. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { getActiveResourcesInfo } from "node:process";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test, vi } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { missingPeer, peers } from "../../src/common/errors.ts";
import { version } from "../../src/common/modules.node.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { classifyFrames } from "../../src/flow/classify.ts";
import type { ClassifyOptions } from "../../src/flow/frame-result.ts";
import { type OpenOptions, open, type VideoSource } from "../../src/flow/open.node.ts";
import type { Classification } from "../../src/flow/recognizer.ts";
import { writeModel } from "../../src/formats/model-file.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import { Program, type SessionSource } from "../../src/session/program.ts";
import type { Frame, Picture } from "../../src/video/frame.ts";
import { distance, hashedModel, randomPictures } from "../laws/models.ts";
import { carvingIce, hasShared, officialModel, sharedFolder, sharedReason } from "../shared.ts";

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

interface Options extends ClassifyOptions, OpenOptions {
  readonly model: Parameters<typeof open>[0];
}

/** What a recognizer of its own says of a source. */
async function collect(
  source: VideoSource | AsyncIterable<Frame>,
  { model: given, ...options }: Options,
): Promise<Classification[]> {
  await using recognizer = await open(given, options);
  return await Array.fromAsync(recognizer.classify(source, options));
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

describe("frames of one's own", () => {
  test("names the classes as the portable flow scores them, here and in a worker", async () => {
    const program = await Program.compile(model, await nodeEngine({ threads: 1 }));
    const expected: Float32Array[] = [];
    for await (const { scores } of classifyFrames(ownFrames(4).frames, program)) expected.push(scores);
    await program[Symbol.asyncDispose]();
    const { fate, frames } = ownFrames(4);
    const opened = await collect(frames, { model, threads: 1, top: 3 });
    for (const [k, scores] of expected.entries()) {
      expect(distance(scores, opened[k]?.scores ?? [])).toBe(0);
      const best = scores.indexOf(Math.max(...scores));
      expect(opened[k]?.predictions[0]).toEqual({ label: labels[best], index: best, score: scores[best] });
    }
    expect(opened.map(({ frame, time }) => [frame, time])).toEqual([0, 1, 2, 3].map((k) => [k, k / 5]));
    expect(opened[0]?.predictions.length).toBe(3);
    expect(fate).toEqual({ disposed: 4, ended: true });

    const elsewhere = await collect(ownFrames(4).frames, { model, threads: 1, background: true });
    for (const [k, scores] of expected.entries()) expect(distance(scores, elsewhere[k]?.scores ?? [])).toBe(0);
    expect(elsewhere[0]?.predictions.length).toBe(5);
  });

  test("break ends the frames and the session, and the recognizer stays open", async () => {
    using opened = watchOpened();
    const recognizer = await open(model, { threads: 1 });
    for (const k of [0, 1]) {
      const { fate, frames } = ownFrames(9);
      for await (const _ of recognizer.classify(frames)) break;
      expect(fate).toEqual({ disposed: 1, ended: true });
      await expect(opened.sessions[k]?.reset()).rejects.toMatchObject({ code: "E_SESSION_DISPOSED" });
      expect(opened.disposed).toHaveBeenCalledTimes(0);
    }
    await recognizer.close();
    await recognizer[Symbol.asyncDispose]();
    expect(opened.disposed).toHaveBeenCalledTimes(1);
    await expect(recognizer.classify(ownFrames(1).frames).next()).rejects.toMatchObject({ code: "E_SESSION_DISPOSED" });
    await expect(recognizer.stream()).rejects.toMatchObject({ code: "E_SESSION_DISPOSED" });
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
    await expect(open(file, { signal: abort.signal })).rejects.toThrow("enough");
    await rm(dirname(file), { recursive: true });
  });

  test("an error of the frames comes through, and the session is freed", async () => {
    using opened = watchOpened();
    async function* broken(): AsyncGenerator<Frame> {
      yield* ownFrames(1).frames;
      throw new Error("the camera fell down");
    }
    await expect(collect(broken(), { model, threads: 1 })).rejects.toThrow("the camera fell down");
    await expect(opened.sessions[0]?.reset()).rejects.toMatchObject({ code: "E_SESSION_DISPOSED" });
  });
});

describe("open", () => {
  const bytes = writeModel(model);
  const picture = { data: new Uint8Array(3 * 64 * 48).map((_, i) => (7 * i) % 256), width: 64, height: 48 };
  const ends: (() => unknown)[] = [];
  afterAll(async () => {
    for (const end of ends) await end();
  });

  async function served(answer: (path: string) => { status: number; body?: Uint8Array }): Promise<string> {
    const server = createServer((request, response) => {
      const { status, body } = answer(request.url ?? "");
      response.writeHead(status, { connection: "close" }).end(body);
    });
    ends.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test("takes bytes, a path, a URL and a model, and every device, and says the same", async () => {
    const folder = await mkdtemp(join(tmpdir(), "movinet-open-"));
    ends.push(() => rm(folder, { recursive: true }));
    const path = join(folder, "mine.safetensors");
    await writeFile(path, bytes);
    const tflite = emitTflite(model, { form: "official" });
    const url = await served((name) => (name === "/m.safetensors" ? { status: 200, body: bytes } : { status: 404 }));
    const ways: readonly (readonly [Parameters<typeof open>[0], OpenOptions])[] = [
      [model, {}],
      [bytes, { threads: 1 }],
      [path, { background: true }],
      [pathToFileURL(path), { device: "cpu" }],
      [`${url}/m.safetensors`, { device: "litert" }],
      [new URL(`${url}/m.safetensors`), { device: "reference" }],
      [tflite, { device: "litert", labels }],
    ];
    const scores: Float32Array[] = [];
    for (const [source, options] of ways) {
      await using recognizer = await open(source, options);
      expect(recognizer.card.labels).toEqual(labels);
      await using stream = await recognizer.stream({ top: 2 });
      await stream.step(picture);
      const result = await stream.step(picture);
      expect(result.predictions).toHaveLength(2);
      expect(result.predictions[0]?.label).toBe(labels[result.scores.indexOf(Math.max(...result.scores))]);
      scores.push(result.scores);
    }
    for (const other of scores.slice(1)) expect(distance(scores[0] as Float32Array, other)).toBeLessThanOrEqual(1e-4);
    await expect(open(`${url}/none`)).rejects.toMatchObject({ code: "E_MODEL_NOT_FOUND", subject: `${url}/none` });
  });

  test("a stream continues from a snapshot bit-equal, and begins anew", async () => {
    await using recognizer = await open(bytes, { threads: 1 });
    const stream = await recognizer.stream();
    const first = await stream.step(picture);
    const state = await stream.snapshot();
    const second = await stream.step(picture);
    await stream.restore(state);
    expect((await stream.step(picture)).scores).toEqual(second.scores);
    await stream.reset();
    expect((await stream.step(picture)).scores).toEqual(first.scores);
    await stream[Symbol.asyncDispose]();
    await expect(stream.step(picture)).rejects.toMatchObject({ code: "E_SESSION_DISPOSED" });
  });

  test("labels of one's own take the place of the model's, and must be as many as its classes", async () => {
    const others = [..."hijklmn"];
    await using recognizer = await open(bytes, { labels: others });
    expect(recognizer.card.labels).toEqual(others);
    await expect(open(bytes, { labels: ["one"] })).rejects.toMatchObject({ code: "E_MODEL_LABELS" });
    await expect(open(bytes, { labels: "kinetics-600" })).rejects.toMatchObject({ code: "E_MODEL_LABELS" });
  });

  test("what is no picture is refused, and changes nothing", async () => {
    await using recognizer = await open(bytes, { threads: 1 });
    const stream = await recognizer.stream();
    const first = await stream.step(picture);
    await stream.reset();
    const { data } = picture;
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [{ ...picture, data: data.subarray(3) }, /must be a Uint8Array of 64 × 48 × 3 bytes of RGB, got 9213 bytes$/],
      [{ ...picture, data: new Uint8Array(4 * 64 * 48) }, /RGBA, so drop every fourth byte/],
      [{ ...picture, data: new Float32Array(3 * 64 * 48) }, /got a Float32Array/],
      [{ ...picture, data: data.buffer }, /got a ArrayBuffer/],
      [{ ...picture, width: 0 }, /integers above 0, got 0 × 48/],
      [{ ...picture, height: Number.NaN }, /integers above 0, got 64 × NaN/],
      [{ ...picture, width: "64" }, /integers above 0|must be/],
    ];
    for (const [one, message] of wrong) {
      await expect(stream.step(one as Picture)).rejects.toMatchObject({
        name: "TypeError",
        message: expect.stringMatching(message),
      });
    }
    expect((await stream.step(picture)).scores).toEqual(first.scores);
    const timeless = (async function* () {
      yield { ...picture } as Frame;
    })();
    await expect(recognizer.classify(timeless).next()).rejects.toThrow(/timestamp must be a number of seconds/);
  });

  test("options are checked before anything is opened, by their names", async () => {
    await using recognizer = await open(bytes, { threads: 1 });
    const wrong: readonly (readonly [object, RegExp])[] = [
      [{ top: 0 }, /^top must be an integer ≥ 1, got 0$/],
      [{ fps: 0 }, /^fps must be above 0 and at most 1000, got 0$/],
      [{ fps: 1e9 }, /^fps must be above 0/],
      [{ fit: "nope" }, /^fit must be crop, squash or pad, got nope$/],
      [{ recent: "bogus" }, /^recent must be/],
    ];
    for (const [options, message] of wrong) {
      const loop = recognizer.classify("none.mp4", options as ClassifyOptions);
      await expect(loop.next()).rejects.toMatchObject({ name: "TypeError", message: expect.stringMatching(message) });
    }
    await expect(recognizer.stream({ top: 0 })).rejects.toThrow(/^top must be/);
    await expect(recognizer.stream({ halfLifeSeconds: 0 })).rejects.toThrow(/halfLifeFrames must be above 0/);
    await expect(recognizer.classify([picture] as never).next()).rejects.toThrow(/^a video must be a path, a URL/);
    for (const threads of [0, 1.5, 1e6]) {
      await expect(open(bytes, { threads })).rejects.toThrow(/^threads must be an integer in 1\.\.1024/);
      await expect(open(bytes, { threads, background: true })).rejects.toThrow(
        /^threads must be an integer in 1\.\.1024/,
      );
    }
    for (const model of [null, 42, {}, []])
      await expect(open(model as never)).rejects.toThrow(/^a model must be a name/);
    await expect(open(bytes, { labels: [1, 2] as never })).rejects.toThrow(/^labels must be a list of names/);
    const late = new AbortController();
    const opening = open(bytes, { threads: 1, signal: late.signal });
    setImmediate(() => late.abort(new Error("enough")));
    await expect(opening).rejects.toThrow("enough");
  });

  test("what cannot be done is refused", async () => {
    await expect(open(bytes, { device: "abacus" })).rejects.toMatchObject({ code: "E_DEVICE_UNKNOWN" });
    await expect(open(bytes, { device: "litert", background: true })).rejects.toThrow(TypeError);
    await expect(open(new Uint8Array(100))).rejects.toMatchObject({ code: "E_MODEL_FORMAT", subject: "model" });
    const broken = await served(() => ({ status: 500 }));
    await expect(open(`${broken}/m`)).rejects.toMatchObject({ code: "E_MODEL_UNREADABLE" });
    await expect(open("http://127.0.0.1:9/m")).rejects.toMatchObject({ code: "E_MODEL_UNREADABLE" });
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
      const program = await Program.compile(ofModel, await nodeEngine({ threads: 1 }));
      const sessions: (() => Promise<unknown>)[] = [];
      const frame = randomPictures(1, 1, size.height, size.width);
      const source: SessionSource = {
        model: ofModel,
        async openStream(options) {
          const session = await program.openStream(options);
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

describe.skipIf(!hasShared)(`videos${sharedReason}`, () => {
  test("a file by URL, a model by file: law 7", async () => {
    const results = await collect(pathToFileURL(carvingIce), { model: officialModel, top: 1 });
    expect(results).toHaveLength(22);
    expect(results.at(-1)?.predictions[0]?.label).toBe("carving ice");
  });

  test("fps is what the video is looked at", async () => {
    expect(await collect(carvingIce, { model, fps: 2 })).toHaveLength(9);
  });

  test("after break, abort and failure no decoding process is left", async () => {
    await using recognizer = await open(model);
    for await (const _ of recognizer.classify(hour)) {
      expect(children()).toBe(1);
      break;
    }
    await vi.waitFor(() => expect(children()).toBe(0));
    const abort = new AbortController();
    const reading = (async () => {
      for await (const { time } of recognizer.classify(hour, { signal: abort.signal })) {
        if (time > 1) abort.abort(new Error("enough"));
      }
    })();
    await expect(reading).rejects.toThrow("enough");
    await vi.waitFor(() => expect(children()).toBe(0));
    await expect(collect("none.mp4", { model })).rejects.toMatchObject({ code: "E_VIDEO_NOT_FOUND" });
    await vi.waitFor(() => expect(children()).toBe(0));
  });
});

describe("optional peers", () => {
  test("ranges and version are those of package.json", () => {
    expect(version).toBe(manifest.version);
    expect(peers).toEqual(manifest.peerDependencies);
    expect(Object.keys(manifest.peerDependenciesMeta).sort()).toEqual(Object.keys(peers).sort());
  });

  test("one that is absent and one that is broken give one line with the command", () => {
    const absent = Object.assign(new Error("Cannot find package 'koffi' imported from /x.js"), {
      code: "ERR_MODULE_NOT_FOUND",
    });
    expect(missingPeer("koffi", absent)).toMatchObject({
      code: "E_DEPENDENCY_MISSING",
      message: "koffi: this optional package is not installed. Run npm i koffi@^3.3.4 to install it.",
    });
    expect(missingPeer("node-av", new Error("libfoo.so: no such file\nmore"))).toMatchObject({
      code: "E_DEPENDENCY_MISSING",
      message:
        "node-av: this optional package cannot be loaded (libfoo.so: no such file). Run npm i node-av@^6.1.1 to install it.",
    });
  });
});
