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
  /** Fetch nothing. Default: what `MOVINET_OFFLINE` says. */
  readonly offline?: boolean | undefined;
  /** Ends the download: the promise is then rejected with the signal's reason. What has come stays for the next time. */
  readonly signal?: AbortSignal | undefined;
  /** Told how the download goes. */
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
}

/**
 * The file of a model of the zoo, which is fetched into the cache folder first where it is not there; from `MOVINET_MIRROR`, where that is
 * set. Throws {@link ModelError}: `E_MODEL_NOT_FOUND` (it may not be fetched), `E_MODEL_DOWNLOAD`, `E_MODEL_INTEGRITY`; and `E_OUTPUT_WRITE`.
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
      problem: "the cache holds none; nothing may be fetched (offline)",
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
    problem: `${JSON.stringify(mirror)} is no http(s) URL`,
    remedy: "Set it to the address of a folder of models, or unset it",
  });
}
