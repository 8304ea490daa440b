/** Downloads a zoo model: tries its sources in order, with retries, until one returns the right content. */
import { ModelError } from "../common/errors.ts";
import { shownSource } from "../common/urls.ts";
import { integrityError, sha256Of } from "./integrity.ts";
import { mostModelBytes } from "./labelled.ts";
import { checkPin } from "./ledger.ts";
import { fileOf, type PullEvent, progressOf } from "./pull-event.ts";
import type { Source, ZooModel } from "./registry.ts";
import type { OwnPart, Store } from "./store.ts";
import { type Fetch, type Pace, TransferProblem, transfer } from "./transfer.ts";
import { type Gunzip, unpack } from "./unpack.ts";

export interface PullOptions {
  readonly store: Store;
  readonly fetch: Fetch;
  readonly gunzip?: Gunzip | undefined;
  /** An address to try first, for `<mirror>/<name>.safetensors` or `.tflite`. */
  readonly mirror?: string | null | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
  readonly pace?: Pace | undefined;
}

/**
 * The name in the store of a model's file, downloaded if missing. Throws {@link ModelError}: `E_MODEL_DOWNLOAD`, or
 * `E_MODEL_INTEGRITY` if a source returned the wrong content; and what the store throws.
 */
export async function pull(model: ZooModel, options: PullOptions): Promise<string> {
  const { store, signal, onProgress } = options;
  const { name } = model;
  const onWait = (who: string) => onProgress?.({ status: "wait", name, for: who });
  const work = async () => (await keptFile(model, store)) ?? (await fetchFirst(model, options));
  const file = await store.alone(name, work, { signal, onWait });
  onProgress?.({ status: "ready", name });
  return file;
}

/** Extensions of a model's file in the cache, in lookup order; only the first two are ever downloaded. */
export const cacheEndings = [".safetensors", ".tflite", ".onnx", ".pt", ".tar.gz"] as const;

/** The name of a model's file in a store, or null. */
export async function keptFile({ name }: Pick<ZooModel, "name">, store: Store): Promise<string | null> {
  for (const ending of cacheEndings) if (await store.has(name + ending)) return name + ending;
  return null;
}

async function fetchFirst(model: ZooModel, options: PullOptions): Promise<string> {
  const { mirror = null, signal, onProgress, store } = options;
  const { name } = model;
  await store.ledger(); // report a damaged one before downloading anything
  const problems: { readonly host: string; readonly problem: string; readonly wrong: boolean }[] = [];
  for (const source of [...mirrored(model, mirror), ...model.sources]) {
    try {
      return await fetchFrom(source, model, options);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof ModelError || error instanceof TransferProblem)) throw error;
      const wrong = error instanceof ModelError && error.code === "E_MODEL_INTEGRITY";
      const problem = error instanceof ModelError ? error.problem : error.message;
      onProgress?.({ status: "skip", name, url: shownSource(source.url), problem, wrong: error instanceof ModelError });
      problems.push({ host: hostOf(source.url), problem, wrong });
    }
  }
  // A mirror is asked for two files, usually with the same outcome.
  const told = [...new Set(problems.map(({ host, problem }) => `${host}: ${problem}`))].join("; ");
  const [problem, remedy] = [`download failed (${told})`, store.remedyFor(model)] as const;
  if (problems.some(({ wrong }) => wrong)) throw integrityError(name, problem, remedy);
  throw new ModelError({ code: "E_MODEL_DOWNLOAD", subject: name, problem, remedy });
}

/** Sources at a mirror, under the names used in the cache. */
function mirrored({ name, ending, sources, file }: ZooModel, mirror: string | null): readonly Source[] {
  if (mirror === null) return [];
  const [{ licence } = { licence: "" }] = sources;
  const endings = ending === "tflite" ? ["tflite"] : ["safetensors", "tflite"];
  return endings.map((ending) => {
    const content = ending === "tflite" && file !== null ? { sha256: file.sha256 } : null;
    return {
      url: `${mirror.replace(/\/+$/, "")}/${name}.${ending}`,
      origin: `${name}.${ending} from your mirror`,
      licence,
      content,
    };
  });
}

async function fetchFrom(source: Source, model: ZooModel, options: PullOptions): Promise<string> {
  const { store, onProgress } = options;
  const { name, bytes } = model;
  const { url, origin, licence } = source;
  const tell = { name, file: fileOf(url, name) };
  onProgress?.({ status: "initiate", ...tell, url: shownSource(url), origin, licence, bytes });
  const part = await store.part(name, url);
  try {
    // Bytes left from before may belong to another version: download once more.
    for (let trusted = part.length === 0; ; trusted = true) {
      await fill(part, source, options, tell);
      try {
        return await keep(await part.bytes(), source, model, options);
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        await part.begin({ url: "", validator: null, total: null });
        if (trusted) throw error;
      }
    }
  } finally {
    await part.close();
  }
}

async function fill(
  part: OwnPart,
  { url, content }: Source,
  { fetch, signal, onProgress, pace }: PullOptions,
  tell: { readonly name: string; readonly file: string },
): Promise<void> {
  onProgress?.({ status: "download", ...tell });
  await transfer({
    fetch,
    url,
    part,
    most: mostModelBytes,
    hashed: content !== null,
    signal,
    pace,
    onProgress: (loaded, total) => onProgress?.(progressOf(tell, loaded, total)),
  });
  onProgress?.({ status: "done", ...tell });
}

/** Verifies a download and puts it in its place. */
async function keep(
  bytes: Uint8Array,
  source: Source,
  model: ZooModel,
  { store, gunzip }: PullOptions,
): Promise<string> {
  const { ending, content, sha256 } = await unpack(bytes, model, source, gunzip);
  const pinned = source.content === null;
  const url = shownSource(source.url);
  if (pinned) checkPin(await store.ledger(), url, sha256, store.placeOf("models.lock.json"));
  const since = new Date().toISOString();
  const file = `${model.name}.${ending}`;
  await store.keep(model.name, {
    file,
    content,
    sha256: await sha256Of(content),
    bytes: content.length,
    url,
    licence: source.licence,
    since,
    pin: pinned ? { sha256, since } : null,
  });
  return file;
}

function hostOf(url: string): string {
  return /^https?:\/\/(?:[^/@]*@)?([^/]*)/i.exec(url)?.[1] ?? url;
}
