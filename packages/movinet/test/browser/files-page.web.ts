/** The page of the tests of files, and its worker: classifies and decodes them as an app would. */
import { type Answer, answerOf } from "../../src/common/errors.ts";
import { openVideo, type VideoOptions } from "../../src/index.video.web.ts";
import { type ClassifyOptions, open } from "../../src/index.web.ts";

/** When a loop over a video ends. */
type Ending = "whole" | "break" | "abort";

/** Frames that decoders gave and nobody has closed, now and at most. */
const frames = { open: 0, most: 0 };
const counted = new WeakSet<VideoFrame>();

countFrames();

function countFrames(): void {
  const count = (frame: VideoFrame) => {
    frames.open++;
    frames.most = Math.max(frames.most, frames.open);
    counted.add(frame);
  };
  globalThis.VideoDecoder = class extends VideoDecoder {
    constructor({ output, error }: VideoDecoderInit) {
      const counting = (frame: VideoFrame) => {
        count(frame);
        output(frame);
      };
      super({ output: counting, error });
    }
  };
  globalThis.ImageDecoder = class extends ImageDecoder {
    override async decode(options?: ImageDecodeOptions): Promise<ImageDecodeResult> {
      const result = await super.decode(options);
      count(result.image);
      return result;
    }
  };
  const close = VideoFrame.prototype.close;
  VideoFrame.prototype.close = function (this: VideoFrame) {
    if (counted.delete(this)) frames.open--;
    close.call(this);
  };
}

async function fileAt(url: string): Promise<File> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new File([await response.blob()], url.split("/").at(-1) as string);
}

function toText(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

const models = new Map<string, ReturnType<typeof open>>();

const app = {
  decode: (url: string, options: VideoOptions, ending: Ending = "whole") =>
    answerOf(async () => {
      const aborter = new AbortController();
      const video = openVideo(await fileAt(url), { ...options, signal: aborter.signal });
      const seen: { time: number; data: string; width: number; height: number }[] = [];
      try {
        for await (const { timestamp, data, width, height } of video) {
          seen.push({ time: timestamp, data: toText(data), width, height });
          if (seen.length < 3) continue;
          if (ending === "abort") aborter.abort(new Error("enough"));
          if (ending === "break") break;
        }
      } catch (error) {
        if (ending !== "abort") throw error;
      }
      const { info, warnings, duration, pictures } = video;
      return { seen, info, warnings, duration, pictures };
    }),
  classify: (url: string, model: string, options: ClassifyOptions = {}) =>
    answerOf(async () => {
      if (!models.has(model)) models.set(model, open(model, { labels: "kinetics-600" }));
      const recognizer = await (models.get(model) as ReturnType<typeof open>);
      return Array.fromAsync(recognizer.classify(await fileAt(url), options), ({ time, predictions, scores }) => {
        return { time, label: predictions[0]?.label, scores: [...scores] };
      });
    }),
  /** Frames that are open, and were at most since the last call. */
  frames: () =>
    answerOf(() => {
      const now = { ...frames };
      frames.most = frames.open;
      return now;
    }),
  /** From now on as in a browser without WebCodecs. */
  forget: () => answerOf(() => void Reflect.deleteProperty(globalThis, "VideoDecoder")),
};
type Call = { readonly name: keyof typeof app; readonly args: readonly never[] };

/** Calls a function here, or in a worker with the same script. */
function call({ name, args }: Call): Promise<Answer<unknown>> {
  return (app[name] as (...args: readonly never[]) => Promise<Answer<unknown>>)(...args);
}

if (typeof document === "undefined") {
  globalThis.onmessage = async ({ data }: MessageEvent<Call>) => postMessage(await call(data));
} else {
  const worker = new Worker("/page.js", { type: "module" });
  const inWorker = (data: Call) =>
    new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(data);
    });
  Object.assign(globalThis, { app: { page: call, worker: inWorker } });
}
