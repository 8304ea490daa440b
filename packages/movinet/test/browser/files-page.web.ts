/** The page of the tests of files: classifies and decodes them as an app would, on the page or in a worker. */
import { answerOf } from "../../src/common/errors.ts";
import { openVideo, type VideoOptions } from "../../src/index.video.web.ts";
import { type ClassifyOptions, open } from "../../src/index.web.ts";

const models = new Map<string, ReturnType<typeof open>>();

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

/** Frames that were made but not closed: a WebCodecs frame takes a picture's memory until then. */
let open_ = 0;
const OwnFrame = VideoFrame;
const close = OwnFrame.prototype.close;
const opened = new WeakSet<VideoFrame>();
const OwnDecoder = VideoDecoder;
globalThis.VideoDecoder = class extends OwnDecoder {
  constructor({ output, error }: VideoDecoderInit) {
    const counted = (frame: VideoFrame) => {
      open_++;
      opened.add(frame);
      output(frame);
    };
    super({ output: counted, error });
  }
};
OwnFrame.prototype.close = function (this: VideoFrame) {
  if (opened.delete(this)) open_--;
  close.call(this);
};

const app = {
  decode: (url: string, options: VideoOptions, how = "all") =>
    answerOf(async () => {
      const video = openVideo(await fileAt(url), options);
      const frames: { time: number; data: string; width: number; height: number }[] = [];
      const started = performance.now();
      for await (const { timestamp, data, width, height } of video) {
        frames.push({ time: timestamp, data: how === "times" ? "" : toText(data), width, height });
        if (how === "break" && frames.length === 3) break;
      }
      const { info, warnings, duration, pictures } = video;
      return { frames, info, warnings, duration, pictures, ms: performance.now() - started, open: open_ };
    }),
  classify: (url: string, model: string, options: ClassifyOptions = {}, labels?: string) =>
    answerOf(async () => {
      if (!models.has(model)) models.set(model, open(model, { labels }));
      const recognizer = await (models.get(model) as ReturnType<typeof open>);
      const file = await fileAt(url);
      const started = performance.now();
      const results = await Array.fromAsync(recognizer.classify(file, options), ({ time, predictions, scores }) => {
        return { time, top: predictions[0]?.label, scores: [...scores] };
      });
      return { results, ms: performance.now() - started, open: open_ };
    }),
};
Object.assign(globalThis, { app });
