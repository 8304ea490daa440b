/// <reference lib="dom" />
import { ModelError } from "../common/errors.ts";
import { pull } from "./pull.ts";
import type { PullEvent } from "./pull-event.ts";
import type { ZooModel } from "./registry.ts";
import { webFetch } from "./request.web.ts";
import { WebStore } from "./store.web.ts";

export interface PullModelOptions {
  readonly mirror?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
}

/**
 * The bytes of a zoo model, from the browser's cache, downloaded into it if missing. Throws what {@link pull} throws.
 */
export async function pullModel(
  model: ZooModel,
  { mirror, signal, onProgress }: PullModelOptions,
): Promise<{ readonly bytes: Uint8Array; readonly file: string }> {
  if (!isSecureContext) {
    throw new ModelError({
      code: "E_MODEL_DOWNLOAD",
      subject: model.name,
      problem: "hashes cannot be checked on a page served without https",
      remedy: "Serve the page over https, or from localhost",
    });
  }
  const store = new WebStore();
  const absolute = mirror === undefined ? null : new URL(mirror, location.href).href;
  const file = await pull(model, { store, fetch: webFetch, mirror: absolute, signal, onProgress });
  return { bytes: (await store.read(file)) ?? new Uint8Array(), file };
}
