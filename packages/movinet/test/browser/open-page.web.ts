/** The page of the tests of `open`: looks at videos as an app would, and tells what it saw. */
import { answerOf } from "../../src/common/errors.ts";
import { type Classification, type ClassifyOptions, type OpenOptions, open } from "../../src/index.web.ts";

/** How a video comes into the page. */
interface Shown {
  readonly url?: string;
  /** Where it is fetched first and shown from memory. */
  readonly blob?: boolean;
  /** In a `<source>`, with this `preload`. */
  readonly preload?: "none" | "metadata";
  /** A canvas that is painted all the time: as it is, or recorded for so many milliseconds. */
  readonly canvas?: "live" | number;
}

type Player = Awaited<ReturnType<typeof open>>;

const folders: Readonly<Record<string, string>> = { litert: "/litert/", onnxruntime: "/ort" };
const openModel = (options: OpenOptions = {}, model = "/camera-motion.safetensors") =>
  open(model, { wasmPaths: folders[options.device ?? "auto"], ...options });

function show({ url = "", blob = false, preload, canvas }: Shown): Promise<HTMLVideoElement> | HTMLVideoElement {
  const video = document.createElement("video");
  video.muted = true;
  if (canvas !== undefined) return paint(video, canvas);
  if (blob) return fromMemory(video, url);
  if (preload === undefined) {
    if (url !== "") video.src = url;
    return video;
  }
  video.preload = preload;
  video.append(Object.assign(document.createElement("source"), { src: url }));
  return video;
}

async function fromMemory(video: HTMLVideoElement, url: string): Promise<HTMLVideoElement> {
  video.src = URL.createObjectURL(await (await fetch(url)).blob());
  return video;
}

/** Paints a canvas anew 30 times a second. */
async function paint(video: HTMLVideoElement, how: "live" | number): Promise<HTMLVideoElement> {
  const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 120 });
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  let hue = 0;
  const timer = setInterval(() => {
    hue += 5;
    context.fillStyle = `hsl(${hue} 80% 50%)`;
    context.fillRect(0, 0, 160, 120);
  }, 33);
  const stream = canvas.captureStream(30);
  if (how === "live") {
    video.srcObject = stream;
    await video.play();
    return video;
  }
  const recorder = new MediaRecorder(stream, { mimeType: "video/webm" });
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.start();
  await new Promise((resolve) => setTimeout(resolve, how));
  await new Promise((resolve) => {
    recorder.onstop = resolve;
    recorder.stop();
  });
  clearInterval(timer);
  video.src = URL.createObjectURL(new Blob(parts));
  return video;
}

function toText(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

const plain = ({ time, predictions, scores, picture: { data, width, height } }: Classification) => {
  return { time, predictions, scores: [...scores], width, height, data: toText(data) };
};

async function classify(shown: Shown, options: OpenOptions & Pick<ClassifyOptions, "fps" | "top" | "fit"> = {}) {
  const { fps, top, fit, ...opening } = options;
  const recognizer = await openModel(opening);
  try {
    const video = await show(shown);
    const before = video.duration;
    const results: ReturnType<typeof plain>[] = [];
    const started = performance.now();
    for await (const result of recognizer.classify(video, { fps, top, fit })) results.push(plain(result));
    const ms = performance.now() - started;
    return { results, ms, before: String(before), duration: video.duration, paused: video.paused };
  } finally {
    await recognizer[Symbol.asyncDispose]();
  }
}

/** What `work` does with an open recognizer. */
async function using<T>(
  work: (recognizer: Player) => Promise<T>,
  options: OpenOptions = {},
  model?: string,
): Promise<T> {
  const recognizer = await openModel(options, model);
  try {
    return await work(recognizer);
  } finally {
    await recognizer[Symbol.asyncDispose]();
  }
}

/** The scores after each picture, given as bytes one behind the other. */
function stream(url: string, width: number, height: number, device: string, model?: string) {
  return using(
    async (recognizer) => {
      const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
      const size = 3 * width * height;
      const actions = await recognizer.stream({ top: 1 });
      const results: { label: string | null | undefined; scores: number[] }[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        const { scores, predictions } = await actions.step({ data: bytes.subarray(at, at + size), width, height });
        results.push({ label: predictions[0]?.label, scores: [...scores] });
      }
      return results;
    },
    { device },
    model,
  );
}

/** The scores of the first picture of a video, as `classify` sees it and in each form in which a stream takes it. */
function shownImages(url: string) {
  return using(async (recognizer) => {
    const video = await show({ url });
    const scores: Record<string, number[]> = {};
    for await (const result of recognizer.classify(video)) {
      scores["classify"] = [...result.scores];
      break;
    }
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d", { willReadFrequently: true })?.drawImage(video, 0, 0);
    const offscreen = new OffscreenCanvas(canvas.width, canvas.height);
    offscreen.getContext("2d", { willReadFrequently: true })?.drawImage(video, 0, 0);
    const frame = new VideoFrame(video);
    const bitmap = await createImageBitmap(video);
    for (const [name, image] of Object.entries({ video, canvas, offscreen, frame, bitmap })) {
      const actions = await recognizer.stream();
      scores[name] = [...(await actions.step(image)).scores];
      await actions.close();
    }
    frame.close();
    const actions = await recognizer.stream();
    const closed = await answerOf(() => actions.step(frame));
    const empty = await answerOf(() => actions.step(document.createElement("video")));
    return { scores, closed, empty };
  });
}

/** Begins a loop, does `meanwhile` after its third picture, and goes on. */
function disturbed(
  url: string,
  meanwhile: "second" | "abort" | "change" | "scrub" | "play" | "break",
  other: string | null,
) {
  return using(async (recognizer) => {
    const video = await show({ url });
    const controller = new AbortController();
    const seen: ReturnType<typeof plain>[] = [];
    let second: unknown = null;
    const first = await answerOf(async () => {
      for await (const result of recognizer.classify(video, { signal: controller.signal })) {
        if (seen.push(plain(result)) !== 3) continue;
        if (meanwhile === "second") second = await answerOf(() => recognizer.classify(video).next());
        if (meanwhile === "abort") controller.abort(new Error("enough"));
        if (meanwhile === "change") video.src = other ?? "";
        if (meanwhile === "scrub") video.addEventListener("seeking", () => (video.currentTime = 0), { once: true });
        if (meanwhile === "play") await video.play();
        if (meanwhile === "break") break;
      }
    });
    const again = await answerOf(async () => (await Array.fromAsync(recognizer.classify(await show({ url })))).length);
    const same = await answerOf(async () => (await Array.fromAsync(recognizer.classify(video))).length);
    return { first, second, seen, again, same };
  });
}

const failing = {
  model: (url: string, device: string, wasmPaths?: string) => open(url, { wasmPaths, device }),
  aborted: () => open("/camera-motion.safetensors", { signal: AbortSignal.abort(new Error("enough")) }),
  abortedLater() {
    const controller = new AbortController();
    const opening = open("/camera-motion.safetensors", { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")));
    return opening;
  },
  bytes: () => open([1, 2, 3] as unknown as Uint8Array),
  text: () => using((recognizer) => recognizer.classify("clip.mp4" as unknown as HTMLVideoElement).next()),
  ended: async () => {
    const recognizer = await openModel();
    await recognizer[Symbol.asyncDispose]();
    return recognizer.classify(await show({ url: "/pan.webm" })).next();
  },
};

/** The same functions, whose errors arrive whole at the other side. */
const answering = Object.entries({ classify, stream, shownImages, disturbed, ...failing }).map(
  ([name, work]: [string, (...args: never[]) => unknown]) => [
    name,
    (...args: never[]) => answerOf(async () => (await work(...args)) ?? null),
  ],
);

Object.assign(globalThis, { app: Object.fromEntries(answering) });
