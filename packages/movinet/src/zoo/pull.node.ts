import { ModelError } from "../common/errors.ts";
import { isUrl } from "../common/urls.ts";
import { gunzipInNode } from "../formats/gunzip.node.ts";
import { cacheFolder } from "./cache-folder.node.ts";
import { pull } from "./pull.ts";
import type { PullEvent } from "./pull-event.ts";
import type { ZooModel } from "./registry.ts";
import { nodeFetch } from "./request.node.ts";
import { NodeStore } from "./store.node.ts";

export interface PullModelOptions {
  /** Do not download anything. Default: `MOVINET_OFFLINE`. */
  readonly offline?: boolean | undefined;
  /** Aborts the download: the promise rejects with the signal's reason. The part received stays for the next time. */
  readonly signal?: AbortSignal | undefined;
  /** Receives the progress of the download. */
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
}

/**
 * The file of a zoo model, downloaded into the cache folder if missing; from `MOVINET_MIRROR` if set. Throws
 * {@link ModelError}: `E_MODEL_NOT_FOUND` (downloads are forbidden), `E_MODEL_DOWNLOAD`, `E_MODEL_INTEGRITY`; and
 * `E_OUTPUT_WRITE`.
 */
export async function pullModel(
  model: ZooModel,
  { offline = isOffline(), signal, onProgress }: PullModelOptions = {},
): Promise<string> {
  const store = new NodeStore(cacheFolder());
  if (offline) {
    throw new ModelError({
      code: "E_MODEL_NOT_FOUND",
      subject: model.name,
      problem: "not in the cache, and offline mode forbids downloads",
      remedy: store.remedyFor(model),
    });
  }
  const options = { store, fetch: nodeFetch, gunzip: gunzipInNode, mirror: mirrorOf(), signal, onProgress };
  return store.placeOf(await pull(model, options));
}

function isOffline(): boolean {
  return !["", "0", "false", "no"].includes((process.env["MOVINET_OFFLINE"] ?? "").toLowerCase());
}

function mirrorOf(): string | null {
  const mirror = process.env["MOVINET_MIRROR"] ?? "";
  if (mirror === "" || (isUrl(mirror) && URL.canParse(mirror))) return mirror || null;
  throw new ModelError({
    code: "E_MODEL_DOWNLOAD",
    subject: "MOVINET_MIRROR",
    problem: `not an http(s) URL: ${JSON.stringify(mirror)}`,
    remedy: "Set it to the URL of a folder of models, or unset it",
  });
}
