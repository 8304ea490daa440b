/** The clips that a model is quantized with, decoded. */
import type { ClipCache } from "../data/clip-cache.node.ts";
import { datasetError, type Sample } from "../data/dataset.ts";
import type { Model } from "../model/model.ts";
import type { NameChoice } from "../train/recipe.ts";
import { type ChosenClips, chooseClips, readerOf } from "./clips.node.ts";

export interface Material extends ChosenClips {
  readonly path: string;
  readonly read: ReturnType<typeof readerOf>;
}

export interface MaterialOptions {
  readonly cache: ClipCache;
  readonly signal: AbortSignal;
  readonly onProgress: (stage: "reading" | "decoding", done: number, total: number) => void;
  readonly nameChoice: NameChoice;
}

/** Throws what {@link chooseClips} throws, and a {@link DatasetError} if too few clips can be read. */
export async function openMaterial(
  model: Model,
  path: string,
  { cache, signal, onProgress, nameChoice }: MaterialOptions,
): Promise<Material> {
  const clips = await chooseClips(model, path, { cache, signal, onProgress, nameChoice });
  const view = { ...model.card.input, fps: model.card.fps };
  const { usable, failures } = await cache.fill([...clips.calibration, ...clips.compared], view, {
    signal,
    onClip: ({ done, total }) => onProgress("decoding", done, total),
  });
  const isUsable = new Set(usable);
  const left = (samples: readonly Sample[]) => samples.filter((sample) => isUsable.has(sample));
  const compared = left(clips.compared);
  if (compared.length < 2) {
    const problem = `${compared.length} of its clips are left to compare on, but at least 2 are needed`;
    throw datasetError("E_DATASET_CLIP", path, problem, "Add clips of other people or places");
  }
  const lost = failures.length === 0 ? [] : [`${failures.length} clips could not be read.`];
  return {
    path,
    calibration: left(clips.calibration),
    compared,
    judged: clips.judged,
    warnings: [...clips.warnings, ...lost],
    rangeWarnings: clips.rangeWarnings,
    read: readerOf(cache, view, path, signal),
  };
}
