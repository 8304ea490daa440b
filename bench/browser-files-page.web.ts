/** The page of `bench/browser-files.ts`, which is also its worker: reads, decodes, scales and classifies a file. */
import { open } from "../packages/movinet/src/flow/open.web.ts";
import { fitPicture } from "../packages/movinet/src/video/fit-picture.ts";
import { PlaneFitter } from "../packages/movinet/src/video/fit-planes.ts";
import type { Frame } from "../packages/movinet/src/video/frame.ts";
import { FrameReader } from "../packages/movinet/src/video/frame-planes.web.ts";
import { FrameDecoder } from "../packages/movinet/src/video/frames.web.ts";
import { openMediaFile } from "../packages/movinet/src/video/media-file.web.ts";
import { pictureOf } from "../packages/movinet/src/video/shown-image.web.ts";
import { openVideo } from "../packages/movinet/src/video/video.web.ts";

const size = { width: 172, height: 172, fit: "crop" } as const;
const fps = 5;

async function fileAt(url: string): Promise<File> {
  return new File([await (await fetch(url)).blob()], url);
}

/** Milliseconds that something takes. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function exhaust(values: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of values);
}

async function mediaOf(url: string) {
  const media = await openMediaFile(await fileAt(url), url);
  if (media?.config == null) throw new Error(`${url}: cannot be decoded`);
  return { media, config: media.config };
}

const models = new Map<string, ReturnType<typeof open>>();
const sampled = new Map<string, Frame[]>();

/** What each stage does, in turn: a later one includes those before it, but the network works alone. */
const work = {
  prepare: async (url: string, model: string) => {
    models.set(model, open(model, { labels: "kinetics-600" }));
    sampled.set(url, await Array.fromAsync(openVideo(await fileAt(url), { fps, size })));
    await models.get(model);
  },
  read: async (url: string) => exhaust((await mediaOf(url)).media.packets()),
  decode: async (url: string) => {
    const { media, config } = await mediaOf(url);
    for await (const { frame } of new FrameDecoder(media, config, undefined).frames()) frame.close();
  },
  sample: async (url: string) => exhaust(openVideo(await fileAt(url), { fps, size })),
  network: async (url: string, model: string) => {
    const recognizer = await (models.get(model) as ReturnType<typeof open>);
    await exhaust(recognizer.classify(frames(sampled.get(url) ?? []), { answers: "grouped" }));
  },
  whole: async (url: string, model: string) => {
    const recognizer = await (models.get(model) as ReturnType<typeof open>);
    await exhaust(recognizer.classify(await fileAt(url)));
  },
};

/** Milliseconds of a stage. */
const stage = (name: keyof typeof work, url: string, model: string) => timed(() => work[name](url, model));

async function* frames<T>(values: readonly T[]): AsyncGenerator<T, void> {
  yield* values;
}

/** Milliseconds for a frame's picture, by way of each: medians of many. */
async function ways(url: string, count: number) {
  const { media, config } = await mediaOf(url);
  const facts = { name: url, ...media };
  const fitter = await PlaneFitter.open(size);
  const reader = new FrameReader(facts, (bytes) => fitter.reserve(bytes));
  const small = new OffscreenCanvas(size.width, size.height).getContext("2d", { willReadFrequently: true });
  if (!small) throw new Error("no canvas");
  small.imageSmoothingQuality = "high";
  const each: Record<string, (frame: VideoFrame) => Promise<unknown> | unknown> = {
    "planes, ours": async (frame) => fitter.fit(await reader.read(frame)),
    "copied planes": (frame) => reader.read(frame),
    "canvas, ours": (frame) => pictureOf(frame, size),
    "copied RGBA, ours": async (frame) => {
      const { displayWidth: width, displayHeight: height } = frame;
      const memory = new Uint8Array(4 * width * height);
      await frame.copyTo(memory, { format: "RGBA" });
      return fitPicture(memory, width, height, size);
    },
    "canvas scales": (frame) => {
      const side = Math.min(frame.displayWidth, frame.displayHeight);
      const [left, top] = [(frame.displayWidth - side) / 2, (frame.displayHeight - side) / 2];
      small.drawImage(frame, left, top, side, side, 0, 0, size.width, size.height);
      return small.getImageData(0, 0, size.width, size.height);
    },
  };
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(each).map((name) => [name, []]));
  let frameCount = 0;
  for await (const { frame } of new FrameDecoder(media, config, undefined).frames()) {
    for (const [name, way] of Object.entries(each)) times[name]?.push(await timed(async () => way(frame)));
    frame.close();
    if (++frameCount === count) break;
  }
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number;
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
}

const app = { stage, ways };
type Call = { readonly name: keyof typeof app; readonly args: readonly [never, never, never] };

if (typeof document === "undefined") {
  globalThis.onmessage = async ({ data: { name, args } }: MessageEvent<Call>) => postMessage(await app[name](...args));
} else {
  const worker = new Worker("/page.js", { type: "module" });
  const bench = (name: string, ...args: readonly unknown[]) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage({ name, args });
    });
  Object.assign(globalThis, { bench });
}
