import { open } from "movinet";
import embeddedUrl from "../../../cli/models/camera-motion.safetensors?url";
import { type EngineName, threadsOf } from "../engines.ts";
import type { ModelChoice, OpenModel } from "../messages.ts";

export type AppRecognizer = Awaited<ReturnType<typeof open>>;

/** What to open, and how. */
export interface Wish {
  readonly model: ModelChoice;
  readonly engine: EngineName;
  /** URL of the folder with the files that engines load. */
  readonly files: string;
}

/** A running model, and its description for the page. */
export interface Loaded {
  readonly wish: Wish;
  readonly recognizer: AppRecognizer;
  readonly described: OpenModel;
}

const embedded = Promise.withResolvers<ArrayBuffer | null>();

/** Sets the file of the built-in model, which the page fetches while the worker starts; null: that failed, and the worker tries it again. */
export const setEmbedded = embedded.resolve;

/** Opens a model. `onProgress` gets bytes; `total` is 0 while unknown. Throws what `open` throws, or code `WholeClips`. */
export async function load(
  wish: Wish,
  signal: AbortSignal,
  onProgress: (loaded: number, total: number) => void,
): Promise<Loaded> {
  const { model: choice, engine: asked } = wish;
  const recognizer = await open(await sourceOf(choice), {
    signal,
    ...optionsOf(wish),
    ...(choice.kind === "file" && choice.labels !== null ? { labels: choice.labels } : {}),
    onProgress(event) {
      if (event.status === "progress") onProgress(event.loaded, event.total);
    },
  });
  const { card, warnings, engine } = recognizer;
  if (card.frames !== null) {
    await recognizer.close();
    throw Object.assign(new Error(`${card.name} is a model of whole clips`), { code: "WholeClips" });
  }
  const name = choice.kind === "file" ? choice.name : card.name;
  return { wish, recognizer, described: { name, labels: card.labels, fps: card.fps, warnings, asked, engine } };
}

function optionsOf({
  engine,
  files,
}: Wish): Pick<NonNullable<Parameters<typeof open>[1]>, "device" | "threads" | "wasmPaths"> {
  const folder = (name: string) => new URL(`${name}/`, files).href;
  if (engine === "threads") return { threads: threadsOf(navigator.hardwareConcurrency) };
  if (engine === "litert") return { device: "litert", wasmPaths: folder("litert") };
  if (engine === "webgpu") return { device: "webgpu", wasmPaths: folder("onnxruntime") };
  return engine === "fastest" ? { wasmPaths: folder("onnxruntime") } : {};
}

async function sourceOf(choice: ModelChoice): Promise<string | Uint8Array> {
  if (choice.kind === "zoo") return choice.name;
  if (choice.kind === "file") return new Uint8Array(choice.bytes);
  const bytes = await embedded.promise;
  return bytes === null ? new URL(embeddedUrl, import.meta.url).href : new Uint8Array(bytes);
}
