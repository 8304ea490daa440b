import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { specOf } from "../arch/spec.ts";
import { ModelError, MovinetError } from "../common/errors.ts";
import { defaultCard } from "../model/card.ts";
import { cacheFolder } from "./cache-folder.node.ts";
import type { KeptFile } from "./ledger.ts";
import { openModel } from "./lookup.node.ts";
import { type PullModelOptions, pullModel } from "./pull.node.ts";
import { keptFile } from "./pull.ts";
import { meantName, zoo, zooModel } from "./registry.ts";
import { NodeStore } from "./store.node.ts";

/** A model of the zoo, as listed. */
export interface ZooListing {
  readonly name: string;
  /** Its network, for example `a0-stream`. */
  readonly network: string;
  readonly weights: "float32" | "float16" | "int8";
  /** Approximate file size. */
  readonly bytes: number;
  /** Input size in pixels. */
  readonly input: { readonly width: number; readonly height: number };
  readonly fps: number;
  /** Licence of the first source. */
  readonly licence: string;
  /** As published by its authors, in 0..1. */
  readonly accuracy: { readonly dataset: string; readonly top1: number; readonly top5: number | null } | null;
  /** Its file; null: not downloaded yet. */
  readonly cached: string | null;
  readonly sources: readonly string[];
}

/** A model file in the cache folder. */
export interface CachedFile {
  readonly path: string;
  readonly bytes: number;
  /** Its source; null: somebody put it there. */
  readonly pulled: { readonly url: string; readonly licence: string; readonly since: string } | null;
}

export interface CheckedFile extends CachedFile {
  /** What is wrong with it; null: nothing. */
  readonly problem: string | null;
}

const modelFile = /\.(safetensors|tflite|onnx|pt|tar\.gz)$/;

/** The folder of models that can be opened by name, and the zoo that fills it. */
export class ModelCache {
  /** Default: `$MOVINET_CACHE`, else the platform's cache folder for `movinet`. */
  readonly folder: string = cacheFolder();
  readonly #store = new NodeStore(this.folder);

  /** All models of the zoo, and whether they are downloaded. */
  async zoo(): Promise<readonly ZooListing[]> {
    const listings: ZooListing[] = [];
    for (const { name, spec, weights, bytes, sources, accuracy } of zoo) {
      const file = await keptFile({ name }, this.#store);
      const { input, fps } = defaultCard(specOf(spec));
      const { width, height } = input;
      listings.push({
        name,
        network: spec,
        weights,
        bytes,
        input: { width, height },
        fps,
        licence: sources[0]?.licence ?? "",
        accuracy,
        cached: file === null ? null : this.#store.placeOf(file),
        sources: sources.map(({ url }) => url),
      });
    }
    return listings;
  }

  /** The file of a zoo model, downloaded if missing. Throws like `open`, and `E_MODEL_NOT_FOUND` for other names. */
  async pull(name: string, options: PullModelOptions = {}): Promise<string> {
    const known = zooModel(name);
    if (known === null) {
      const names = zoo.map(({ name }) => name).join(", ");
      const problem = "unknown model";
      throw new ModelError({
        code: "E_MODEL_NOT_FOUND",
        subject: name,
        problem,
        remedy: `${meantName(name)}Use one of ${names}`,
      });
    }
    const file = await keptFile(known, this.#store);
    if (file === null) return pullModel(known, options);
    await this.#store.sweep(name);
    options.onProgress?.({ status: "ready", name });
    return this.#store.placeOf(file);
  }

  /** The model files in the cache, by name. */
  async list(): Promise<readonly CachedFile[]> {
    const names = await readdir(this.folder).catch((): string[] => []);
    const files = await Promise.all(
      names
        .filter((name) => modelFile.test(name))
        .map(async (name) => ({ name, facts: await stat(join(this.folder, name)).catch(() => null) })),
    );
    const { models } = await this.#store.ledger();
    return files
      .filter(({ facts }) => facts?.isFile())
      .map(({ name, facts }) => ({
        path: join(this.folder, name),
        bytes: facts?.size ?? 0,
        pulled: pulledOf(models[name], facts?.size ?? 0),
      }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Whether cached files still match their downloads; for others, whether they can be read. */
  async verify(signal?: AbortSignal): Promise<readonly CheckedFile[]> {
    const { models } = await this.#store.ledger();
    const checked: CheckedFile[] = [];
    for (const file of await this.list()) {
      signal?.throwIfAborted();
      const kept = models[basename(file.path)];
      checked.push({ ...file, problem: kept ? await changeOf(file, kept) : await illness(file, signal) });
    }
    return checked;
  }

  /**
   * Deletes downloaded models and partial downloads; with `names`, all files of these names, whoever put them there.
   * Returns what was deleted. Pins stay.
   */
  async clear(
    names?: readonly string[],
    { signal, onProgress }: Pick<PullModelOptions, "signal" | "onProgress"> = {},
  ): Promise<readonly CachedFile[]> {
    const files = await this.list();
    const removed = files.filter((file) => (names ? names.includes(nameOf(file)) : file.pulled !== null));
    const unfinished = (await this.#store.unfinished()).filter((name) => names?.includes(name) ?? true);
    const cleared = new Set([...removed.map(nameOf), ...unfinished]);
    for (const name of cleared) {
      const own = removed.filter((file) => nameOf(file) === name).map(({ path }) => basename(path));
      const onWait = (who: string) => onProgress?.({ status: "wait", name, for: who });
      await this.#store.remove(name, own, { signal, onWait });
    }
    return removed;
  }
}

function nameOf({ path }: CachedFile): string {
  return basename(path).replace(modelFile, "");
}

/** Facts about a file of this size, if it is the downloaded one: another may have replaced it. */
function pulledOf(kept: KeptFile | undefined, size: number): CachedFile["pulled"] {
  if (kept?.bytes !== size) return null;
  const { url, licence, since } = kept;
  return { url, licence, since };
}

/** How a file differs from its download. */
async function changeOf({ path, bytes }: CachedFile, kept: KeptFile): Promise<string | null> {
  if (bytes !== kept.bytes) return `it has ${bytes} bytes, but had ${kept.bytes} when downloaded`;
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex") === kept.sha256 ? null : "its content has changed since it was downloaded";
}

/** Why a file that somebody put there cannot be read. */
async function illness({ path }: CachedFile, signal: AbortSignal | undefined): Promise<string | null> {
  try {
    await openModel(path, { signal });
    return null;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof MovinetError) return error.problem;
    throw error;
  }
}
