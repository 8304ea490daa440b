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

/** The bytes of a model of the zoo, from the browser's cache, where they are put first. Throws what {@link pull} throws. */
export async function pullModel(
  model: ZooModel,
  { mirror, signal, onProgress }: PullModelOptions,
): Promise<{ readonly bytes: Uint8Array; readonly file: string }> {
  if (!isSecureContext) {
    throw new ModelError({
      code: "E_MODEL_DOWNLOAD",
      subject: model.name,
      problem: "a page that did not come over https cannot check hashes",
      remedy: "Serve the page over https, or from localhost",
    });
  }
  const store = new WebStore();
  const absolute = mirror === undefined ? null : new URL(mirror, location.href).href;
  const file = await pull(model, { store, fetch: webFetch, mirror: absolute, signal, onProgress });
  return { bytes: (await store.read(file)) ?? new Uint8Array(), file };
}
