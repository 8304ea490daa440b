import type { Card } from "movinet";
import type { ClipCache, ClipView, FitClip, Sample, TrainSettings } from "movinet/make";

/** How much larger than the network's input the kept pictures are, from which varied clips are cut. */
const spare = 1.3;

/** How a training keeps and varies clips. */
export interface FitClips {
  /** What the cache must be filled with first. */
  readonly view: ClipView;
  clipOf(sample: Sample): FitClip;
}

/** Clips for a network that sees `fps` frames a second. */
export function fitClips({ input }: Card, fps: number, settings: TrainSettings, cache: ClipCache): FitClips {
  const { width, height, fit } = input;
  const view: ClipView = {
    width: Math.round(width * spare),
    height: Math.round(height * spare),
    fit: "squash",
    fps: 2 * fps,
  };
  return {
    view,
    clipOf(sample) {
      const clip = { kind: "video", sample, view, folder: cache.folder, frames: settings.frames } as const;
      const look = { fps, target: { width, height, fit } };
      const seen = (recipe: TrainSettings["augment"] | null) => ({
        source: { ...clip, ...look, recipe },
        classes: sample.classes,
      });
      return { name: sample.name, varied: () => seen(settings.augment), plain: () => seen(null) };
    },
  };
}
