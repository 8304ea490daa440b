/** The front door in a real browser: `open`, and a `<video>` that is looked at as Node looks at the same file. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, resultOf } from "../../src/common/errors.ts";
import { open } from "../../src/flow/open.node.ts";
import type { Prediction } from "../../src/flow/predict.ts";
import type { Classification } from "../../src/flow/recognizer.ts";
import { readModel } from "../../src/formats/model-file.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import type { Frame } from "../../src/video/frame.ts";
import { openVideo } from "../../src/video/video.node.ts";
import { largestDifference } from "../golden/figures.ts";
import { told } from "../told.ts";
import { motionVideo } from "../video/make-motion.ts";
import { type MadeVideo, makeVideo, numberOf } from "../video/make-video.ts";
import { hasChromium, litertFolder, type OpenPage, openPage, ortFolder, where } from "./chromium.ts";

const model = fileURLToPath(new URL("../../../../apps/cli/models/camera-motion.safetensors", import.meta.url));

interface Seen {
  readonly time: number;
  readonly predictions: readonly Prediction[];
  readonly scores: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly data: string;
}

const pictureOf = ({ data, width, height, time }: Seen): Frame => {
  return { data: new Uint8Array(Buffer.from(data, "base64")), width, height, timestamp: time };
};

let folder: string;
let page: OpenPage;
const served: Record<string, Uint8Array> = {};

/** Calls a function of the page. */
async function ask<T>(name: string, ...args: readonly unknown[]): Promise<T> {
  return resultOf((await page.page.evaluate(`app.${name}(...${JSON.stringify(args)})`)) as Answer<T>);
}
const classify = (shown: object, options: object = {}) =>
  ask<{ results: Seen[]; ms: number; before: string; duration: number; paused: boolean }>("classify", shown, options);

/** Makes a video and serves it under its name. */
async function make(name: string, options: MadeVideo): Promise<string> {
  const file = join(folder, name);
  makeVideo(file, options);
  served[`/${name}`] = await readFile(file);
  return file;
}

/** A WAV file of a second. */
function silence(): Uint8Array {
  const rate = 8000;
  const head = Buffer.from("RIFF....WAVEfmt ....................data....");
  head.writeUInt32LE(36 + rate, 4);
  for (const [i, value] of [16, 1 | (1 << 16), rate, rate, 1 | (8 << 16)].entries())
    head.writeUInt32LE(value, 16 + 4 * i);
  head.writeUInt32LE(rate, 40);
  return Buffer.concat([head, Buffer.alloc(rate, 128)]);
}

async function* frames(pictures: readonly Frame[]): AsyncGenerator<Frame> {
  yield* pictures;
}

async function inNode(source: string | AsyncIterable<Frame>): Promise<Classification[]> {
  const recognizer = await open(model);
  try {
    return await Array.fromAsync(recognizer.classify(source));
  } finally {
    await recognizer[Symbol.asyncDispose]();
  }
}

/** How far two pictures are apart, in steps of 8 bits: at most, and the means of the three colours. */
function apart(a: Frame, b: Frame): { most: number; means: readonly number[] } {
  expect([b.width, b.height, b.data.length]).toEqual([a.width, a.height, a.data.length]);
  const sums = [0, 0, 0];
  let most = 0;
  for (const [i, value] of a.data.entries()) {
    const difference = (b.data[i] as number) - value;
    sums[i % 3] = (sums[i % 3] as number) + difference;
    most = Math.max(most, Math.abs(difference));
  }
  return { most, means: sums.map((sum) => Math.abs((3 * sum) / a.data.length)) };
}

describe.skipIf(!hasChromium)(`the front door ${where}`, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "movinet-open-"));
    served["/camera-motion.safetensors"] = await readFile(model);
    page = await openPage({
      entry: new URL("./open-page.web.ts", import.meta.url),
      global: "app",
      served,
      folders: { litert: litertFolder, ort: ortFolder },
    });
    served["/sound.wav"] = silence();
    served["/whole/pan.webm"] = await readFile(
      await make("pan.webm", motionVideo({ label: "pan left", fps: 25, count: 48 })),
    );
  });
  afterAll(async () => {
    expect(page?.errors ?? []).toEqual([]);
    await page?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  test.each([
    ["VP8 at 25 a second", "vp8.webm", { codec: "libvpx", count: 48, fps: 25 }, 10],
    ["as many frames as pictures", "all.webm", { codec: "libvpx", count: 48, fps: 25 }, 25],
    ["more frames than pictures", "more.webm", { codec: "libvpx", count: 20, fps: 10 }, 25],
    [
      "VP9 at a broken rate",
      "vp9.webm",
      { codec: "libvpx-vp9", count: 90, fps: 24, time: (i: number) => (i * 1001) / 24000 },
      5,
    ],
    [
      "a rate that changes",
      "vfr.webm",
      { codec: "libvpx", count: 40, fps: 25, time: (i: number) => i / 25 + (i > 20 ? 0.7 : 0) },
      10,
    ],
    [
      "a first picture that comes late",
      "late.webm",
      { codec: "libvpx", count: 48, fps: 25, time: (i: number) => 0.5 + i / 25 },
      10,
    ],
    ["no duration in the file", "live.webm", { codec: "libvpx", count: 48, fps: 25, muxerOptions: { live: "1" } }, 10],
    [
      "sound before the first picture",
      "before.webm",
      {
        codec: "libvpx",
        count: 25,
        fps: 25,
        time: (i: number) => 0.5 + i / 25,
        sound: { codec: "libopus", seconds: 2 },
      },
      10,
    ],
    ["one picture", "one.webm", { codec: "libvpx", count: 1, fps: 10 }, 10],
    [
      "sound that is longer",
      "sound.webm",
      { codec: "libvpx", count: 25, fps: 25, sound: { codec: "libopus", seconds: 2 } },
      10,
    ],
  ] as const)("%s: the pictures that Node sees, at the same times", async (_, name, options, fps) => {
    const file = await make(name, options);
    // Squashed, so that all of a picture is in it.
    const size = { width: 64, height: 64, fit: "squash" } as const;
    const expected = await Array.fromAsync(openVideo(file, { fps, size }));
    const { results, paused } = await classify({ url: `/${name}` }, { fps, fit: size.fit });
    expect(results.map(({ time }) => time)).toEqual(expected.map(({ timestamp }) => timestamp));
    const pictures = results.map(pictureOf);
    expect(pictures.map((picture) => numberOf(picture))).toEqual(expected.map((picture) => numberOf(picture)));
    for (const [i, picture] of pictures.entries()) expect(apart(expected[i] as Frame, picture).most).toBeLessThan(4);
    expect(paused).toBe(true);
  });

  test.each(["auto", "onnxruntime", "litert"])("names what a camera does, on %s, as Node does", async (device) => {
    const expected = await inNode(join(folder, "pan.webm"));
    const { results } = await classify({ url: "/pan.webm" }, { device });
    expect(results.map(({ time }) => time)).toEqual(expected.map(({ time }) => time));
    const same = await inNode(frames(results.map(pictureOf)));
    for (const [i, result] of results.entries()) {
      // Chromium and FFmpeg bring the colours to full size in different ways, which cancels out.
      for (const mean of apart(expected[i]?.picture as Frame, pictureOf(result)).means) expect(mean).toBeLessThan(0.5);
      expect(largestDifference([...(expected[i]?.scores ?? [])], result.scores)).toBeLessThan(0.05);
      expect(largestDifference([...(same[i]?.scores ?? [])], result.scores)).toBeLessThan(1e-4);
    }
    expect(results.at(-1)?.predictions[0]?.label).toBe("pan left");
    expect(results.at(-1)?.predictions.length).toBe(5);
  });

  test.each(["auto", "onnxruntime", "litert", "reference"])(
    "steps pictures of one's own on %s to Node's scores",
    async (device) => {
      const pictures = (await inNode(join(folder, "pan.webm"))).map(({ picture }) => picture);
      served["/pictures.bin"] = Buffer.concat(pictures.map(({ data }) => data));
      const { width, height } = pictures[0] as Frame;
      const recognizer = await open(model);
      const actions = await recognizer.stream();
      const results = await ask<{ label: string; scores: number[] }[]>(
        "stream",
        "/pictures.bin",
        width,
        height,
        device,
      );
      expect(results.length).toBe(pictures.length);
      for (const [i, picture] of pictures.entries()) {
        const { scores } = await actions.step(picture);
        expect(largestDifference([...scores], results[i]?.scores ?? [])).toBeLessThan(1e-4);
      }
      expect(results.at(-1)?.label).toBe("pan left");
      await recognizer[Symbol.asyncDispose]();
    },
  );

  test("steps what a browser shows to the scores of the same picture in classify", async () => {
    const { scores, closed, empty } = await ask<{
      scores: Record<string, number[]>;
      closed: Answer<unknown>;
      empty: Answer<unknown>;
    }>("shownImages", "/pan.webm");
    const { classify: expected = [], ...images } = scores;
    expect(expected).toHaveLength(10);
    expect(Object.keys(images)).toEqual(["video", "canvas", "offscreen", "frame", "bitmap"]);
    for (const [name, found] of Object.entries(images)) {
      expect(largestDifference(expected, found), name).toBeLessThan(1e-4);
    }
    for (const refused of [closed, empty]) expect(() => resultOf(refused)).toThrow("the image has no pixels");
  });

  test("a TFLite file of integers is imported, as in Node, where no package runs it as it is", async () => {
    const bytes = emitTflite(readModel(await readFile(model), "camera-motion"), {
      form: "official",
      dtype: "dynamic_int8",
    });
    served["/int8.tflite"] = bytes;
    const pictures = (await inNode(join(folder, "pan.webm"))).map(({ picture }) => picture);
    served["/pictures.bin"] = Buffer.concat(pictures.map(({ data }) => data));
    const { width, height } = pictures[0] as Frame;
    const results = await ask<{ scores: number[] }[]>("stream", "/pictures.bin", width, height, "auto", "/int8.tflite");
    const recognizer = await open(bytes);
    const actions = await recognizer.stream();
    for (const [i, picture] of pictures.entries()) {
      const { scores } = await actions.step(picture);
      expect(largestDifference([...scores], results[i]?.scores ?? [])).toBeLessThan(1e-4);
    }
    await recognizer.close();
  });

  test("a recording that does not know its duration, from memory", async () => {
    const { results, before, duration } = await classify({ canvas: 1200 });
    expect(before).toBe("NaN");
    expect(duration).toBeGreaterThan(0.5);
    expect(results.length).toBeGreaterThan(5);
    expect(results.map(({ time }) => time)).toEqual(results.map((_, k) => k / 10));
  });

  test.each(["none", "metadata"])("a <source> with preload=%s", async (preload) => {
    expect((await classify({ url: "/pan.webm", preload })).results.length).toBe(19);
  });

  test("a file that was cut off gives the pictures that it has", async () => {
    const file = served["/whole/pan.webm"] as Uint8Array;
    served["/cut.webm"] = file.subarray(0, Math.floor(0.6 * file.length));
    await writeFile(join(folder, "cut.webm"), served["/cut.webm"]);
    const expected = await Array.fromAsync(openVideo(join(folder, "cut.webm"), { fps: 10 }));
    const { results } = await classify({ url: "/cut.webm" });
    expect(results.map(({ time }) => time)).toEqual(expected.map(({ timestamp }) => timestamp));
  });

  describe("refuses", () => {
    test.each([
      ["a stream without an end", { canvas: "live" }, "E_VIDEO_ENDLESS", "recognizer.stream()"],
      [
        "a file that is not there",
        { url: "/nothing.webm" },
        "E_VIDEO_UNREADABLE",
        "/nothing.webm: the browser cannot play it",
      ],
      [
        "a source that is not there",
        { url: "/nothing.webm", preload: "metadata" },
        "E_VIDEO_UNREADABLE",
        "cannot play it",
      ],
      ["no source", {}, "E_VIDEO_UNREADABLE", "the video: the browser cannot play it"],
      ["a file that is no video", { url: "/camera-motion.safetensors" }, "E_VIDEO_UNREADABLE", "cannot play it ("],
      ["a server that gives no parts", { url: "/whole/pan.webm" }, "E_VIDEO_NETWORK", "range requests"],
      ["sound", { url: "/sound.wav" }, "E_VIDEO_NO_STREAM", "only audio"],
    ])("%s", async (_, shown, code, message) => {
      await expect(classify(shown)).rejects.toThrow(told(code, message));
    });

    test("a video of another site that does not allow it", async () => {
      const url = `${page.url.replace("127.0.0.1", "localhost")}pan.webm`;
      await expect(classify({ url })).rejects.toThrow(told("E_VIDEO_UNREADABLE", "comes from another site"));
    });

    test("what a server gives whole is looked at from memory", async () => {
      expect((await classify({ url: "/whole/pan.webm", blob: true })).results.length).toBe(19);
    });

    test.each([
      ["a model that is not there", "model", ["/nothing.tflite", "auto"], "E_MODEL_NOT_FOUND", "404"],
      ["a page in place of a model", "model", ["/", "auto"], "E_MODEL_FORMAT", "web page"],
      [
        "an unknown device",
        "model",
        ["/camera-motion.safetensors", "cuda"],
        "E_DEVICE_UNKNOWN",
        "auto, wasm, webgpu, onnxruntime, litert, reference",
      ],
      [
        "a wrong folder of ONNX Runtime",
        "model",
        ["/camera-motion.safetensors", "onnxruntime", "/no/"],
        "E_DEVICE_UNAVAILABLE",
        "wasmPaths",
      ],
      [
        "a wrong folder of LiteRT.js",
        "model",
        ["/camera-motion.safetensors", "litert", "/no/"],
        "E_DEVICE_UNAVAILABLE",
        "wasmPaths",
      ],
      ["a recognizer that was disposed of", "ended", [], "E_SESSION_DISPOSED", "camera-motion"],
    ] as const)("%s", async (_, name, args, code, message) => {
      await page.page.reload();
      await page.page.waitForFunction("globalThis.app");
      await expect(ask(name, ...args)).rejects.toThrow(told(code, message));
    });

    test("a folder of files for an engine that fetches none", async () => {
      const opening = ask("model", "/camera-motion.safetensors", "wasm", "/ort/");
      await expect(opening).rejects.toThrow(
        "wasmPaths works only with webgpu, onnxruntime and litert: wasm loads no files",
      );
    });

    test("a Content-Security-Policy without WebAssembly, with what to allow", async () => {
      const entry = new URL("./open-page.web.ts", import.meta.url);
      const strict = await openPage({ entry, global: "app", served, scripts: "" });
      try {
        const opened = strict.page.evaluate("app.model('/camera-motion.safetensors', 'auto')") as Promise<Answer<void>>;
        const refused = told(
          "E_DEVICE_UNAVAILABLE",
          /^wasm: .*'wasm-unsafe-eval' to script-src in its Content-Security/,
        );
        await expect(opened.then(resultOf)).rejects.toThrow(refused);
      } finally {
        await strict.close();
      }
    });

    test("class names of another number", async () => {
      const opening = classify({ url: "/pan.webm" }, { labels: "kinetics-600" });
      await expect(opening).rejects.toThrow(told("E_MODEL_LABELS", "600 labels, but the model has 10 classes"));
      const unknown = classify({ url: "/pan.webm" }, { labels: "labels.txt" });
      await expect(unknown).rejects.toThrow(told("E_MODEL_LABELS", "kinetics-600"));
    });

    test("what is no model and no video, and what was aborted", async () => {
      await expect(ask("bytes")).rejects.toThrow(TypeError);
      await expect(ask("text")).rejects.toThrow(
        "in a browser, a video is a File, a Blob, a <video> element or an iterable of frames",
      );
      await expect(ask("aborted")).rejects.toThrow("enough");
      await expect(ask("abortedLater")).rejects.toThrow("enough");
    });
  });

  describe("who disturbs a loop", () => {
    interface Disturbed {
      readonly first: Answer<null>;
      readonly second: Answer<unknown> | null;
      readonly seen: readonly Seen[];
      readonly again: Answer<number>;
      readonly same: Answer<number>;
    }
    const numbers = (seen: readonly Seen[]) => seen.map(pictureOf).map((picture) => numberOf(picture));
    const disturb = async (how: string) => {
      await make("numbered.webm", { codec: "libvpx", count: 48, fps: 25 });
      const found = await ask<Disturbed>("disturbed", "/numbered.webm", how, "/pan.webm");
      // Whatever happened, the next loops begin anew, over the same video where it was not changed.
      expect(resultOf(found.again)).toBe(19);
      expect(resultOf(found.same)).toBe(19);
      return found;
    };
    const all = Array.from({ length: 19 }, (_, k) => Math.floor(k * 2.5));

    test("a second loop over the same element is refused, the first goes on", async () => {
      const { first, second, seen } = await disturb("second");
      expect(() => resultOf(second as Answer<unknown>)).toThrow(told("E_VIDEO_BUSY", "in one loop at a time"));
      resultOf(first);
      expect(numbers(seen)).toEqual(all);
    });

    test("a signal ends it", async () => {
      const { first, seen } = await disturb("abort");
      expect(() => resultOf(first)).toThrow("enough");
      expect(numbers(seen)).toEqual(all.slice(0, 3));
    });

    test("a break ends it", async () => {
      const { first, seen } = await disturb("break");
      resultOf(first);
      expect(numbers(seen)).toEqual(all.slice(0, 3));
    });

    test("another video in the element ends it", async () => {
      const { first, seen } = await disturb("change");
      expect(() => resultOf(first)).toThrow(told("E_VIDEO_BUSY", "changes it"));
      expect(numbers(seen)).toEqual(all.slice(0, 3));
    });

    test("a viewer who seeks ends it; one who plays does not", async () => {
      const scrubbed = await disturb("scrub");
      expect(() => resultOf(scrubbed.first)).toThrow(told("E_VIDEO_BUSY", "seeks in it"));
      expect(numbers(scrubbed.seen)).toEqual(all.slice(0, 3));
      const played = await disturb("play");
      resultOf(played.first);
      expect(numbers(played.seen)).toEqual(all);
    });
  });
});
