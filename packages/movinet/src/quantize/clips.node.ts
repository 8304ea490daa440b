/** Which clips calibrate, and which the file is compared on. */
import type { ClipView } from "../data/clip.ts";
import type { ClipCache } from "../data/clip-cache.node.ts";
import { datasetError, type Sample } from "../data/dataset.ts";
import { splitSamples } from "../data/splits.ts";
import { samplesForModel } from "../evaluate/labels.ts";
import { preprocess } from "../flow/preprocess.ts";
import type { Model } from "../model/model.ts";
import { type JudgedClipsOptions, openJudgedClips, refuseRemembered } from "../train/judged-clips.node.ts";
import { evenly } from "./evenly.ts";

/** Clips for calibration, and frames of each clip, as Google's converter takes them (spec §7.1). */
const [mostClips, mostFrames] = [100, 50];

export interface ChosenClips {
  /** For ranges: clips that the model was trained on, or some of those that it was not. */
  readonly calibration: readonly Sample[];
  /** For the receipt: clips that neither training nor calibration saw, with their classes as the model's outputs. */
  readonly compared: readonly Sample[];
  /** What the compared clips are, for example `test clips`. */
  readonly judged: string;
  /** Caveats, one sentence each; those about ranges by themselves. */
  readonly warnings: readonly string[];
  readonly rangeWarnings: readonly string[];
}

/**
 * Throws {@link DatasetError}: what opening a dataset throws, `E_DATASET_SEEN` if the model was trained on all clips, and
 * `E_DATASET_SPLIT` if they cannot be divided.
 */
export async function chooseClips(
  model: Model,
  path: string,
  options: Omit<JudgedClipsOptions, "split">,
): Promise<ChosenClips> {
  const clips = await openJudgedClips(path, [model], { ...options, split: null });
  refuseRemembered(clips);
  const { dataset, samples, judged, doubts } = clips;
  const isJudged = new Set(samples);
  const others = dataset.samples.filter((sample) => !isJudged.has(sample) && sample.split !== "test");
  if (others.length > 0) return chosen(others, samples, judged);
  const { train, validation } = splitSamples({ ...dataset, samples }, { validation: 0.5, seed: 0 });
  return chosen(train, validation, "the other clips");

  function chosen(calibration: readonly Sample[], compared: readonly Sample[], judged: string): ChosenClips {
    const missing = dataset.labels.filter((_, i) => !calibration.some(({ classes }) => classes.includes(i)));
    const lacking = missing.length === 0 ? [] : [`No clip of ${missing.join(", ")} is among those that calibrate.`];
    return {
      calibration: evenly(calibration, mostClips),
      compared: samplesForModel(dataset, compared, model),
      judged,
      warnings: doubts,
      rangeWarnings: lacking,
    };
  }
}

/** Reads the pictures of a clip as the network takes them, `[3, H, W]` each; at most 50 of them for calibration. */
export function readerOf(cache: ClipCache, view: ClipView, path: string, signal: AbortSignal) {
  return async function* pictures(sample: Sample, calibrating = false): AsyncGenerator<Float32Array, void> {
    const { data, frames, width, height } = await cache.read(sample, view, signal);
    const size = 3 * width * height;
    if (calibrating && frames > 1 && isConstant(data)) {
      const problem = `its clip ${sample.name} is one colour from beginning to end, which calibrates nothing`;
      throw datasetError("E_DATASET_CLIP", path, problem, "Remove it, or use clips like those that the model will see");
    }
    for (let t = 0; t < (calibrating ? Math.min(frames, mostFrames) : frames); t++) {
      signal.throwIfAborted();
      yield preprocess({ data: data.subarray(t * size, (t + 1) * size), width, height }, view);
    }
  };
}

function isConstant(data: Uint8Array): boolean {
  const [first] = data;
  return data.every((value) => value === first);
}
