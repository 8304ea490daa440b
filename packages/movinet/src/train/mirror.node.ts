import type { ClipCache } from "../data/clip-cache.node.ts";
import type { Sample } from "../data/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import type { Model } from "../model/model.ts";
import { FrozenBody } from "./frozen-features.ts";
import type { HeadOptions, HeadSample } from "./frozen-head.ts";
import type { FrozenSamples } from "./frozen-training.node.ts";
import { inHeadThread } from "./head-thread.node.ts";
import { clipsToMirror, type MirrorSample, type MirrorTest } from "./mirror.ts";

export interface MirrorOptions extends HeadOptions {
  readonly cache: Pick<ClipCache, "read">;
  readonly engine: Engine;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
}

/**
 * Runs the frozen part of a network over mirrored clips (at most 200, or 12 per class), and tests whether classes
 * change (`testMirroring`). Throws the signal's reason, and what {@link ClipCache.read} throws.
 *
 * @param samples training samples only; those without features are ignored.
 */
export async function mirrorTest(
  model: Model,
  samples: readonly Sample[],
  { features, view }: Pick<FrozenSamples, "features" | "view">,
  { cache, engine, signal, onProgress, ...options }: MirrorOptions,
): Promise<MirrorTest> {
  const known = samples.flatMap((sample) => {
    const head = features.get(sample);
    return head ? [{ ...head, sample }] : [];
  });
  const chosen: readonly (HeadSample & { readonly sample: Sample })[] = clipsToMirror(known, options);
  const body = await FrozenBody.compile(model, engine);
  const seen: MirrorSample[] = [];
  try {
    for (const { sample, ...plain } of chosen) {
      const clip = await cache.read(sample, { ...model.card.input, fps: view.fps }, signal);
      seen.push({ ...plain, mirrored: await body.pool(clip, { mirror: true, signal }) });
      onProgress?.({ done: seen.length, total: chosen.length });
    }
  } finally {
    await body[Symbol.asyncDispose]();
  }
  return inHeadThread(model, signal, (thread) => thread.mirror(seen, options));
}
