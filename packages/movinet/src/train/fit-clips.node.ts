import type { ClipView } from "../data/clip.ts";
import type { ClipCache } from "../data/clip-cache.node.ts";
import { type Dataset, nameWithin, type Sample } from "../data/dataset.ts";
import type { Card } from "../model/card.ts";
import { classWeights } from "./balance.ts";
import type { fitModel } from "./fit.node.ts";
import type { FitClip } from "./fit-options.node.ts";
import type { TrainSettings } from "./settings.ts";
import type { TestPart } from "./test-parts.ts";

/** How much larger than the network's input the cached pictures are, from which augmented clips are cropped. */
const spare = 1.3;

/**
 * The view of clips for augmentation, with which the cache must be filled first. `fps`: frames per second of the
 * network.
 */
export function fitView({ input }: Pick<Card, "input">, fps: number): ClipView {
  const [width, height] = [Math.round(input.width * spare), Math.round(input.height * spare)];
  return { width, height, fit: "squash", fps: 2 * fps };
}

/** Clips for a network at this frame rate, and a description of their weights in the loss. */
export function fitClips(
  { input }: Card,
  fps: number,
  settings: TrainSettings,
  cache: ClipCache,
  { train, choose }: Pick<TestPart, "train" | "choose">,
  { labels, multiLabel }: Pick<Dataset, "labels" | "multiLabel">,
): { readonly clips: Parameters<typeof fitModel>[1]; readonly why: string } {
  const taught = train.map(({ classes }) => classes);
  const { weightOf, why } = classWeights(taught, labels.length, multiLabel);
  const { width, height, fit } = input;
  const view = fitView({ input }, fps);
  const clipOf = (sample: Sample): FitClip => {
    const clip = { kind: "video", sample, view, folder: cache.folder, frames: settings.frames } as const;
    const look = { fps, target: { width, height, fit } };
    const { classes } = sample;
    const seen = (recipe: TrainSettings["augment"] | null) => ({
      source: { ...clip, ...look, recipe },
      classes,
      weight: weightOf(classes),
    });
    return { name: nameWithin(sample), varied: () => seen(settings.augment), plain: () => seen(null) };
  };
  return { clips: { train: train.map(clipOf), validation: choose.map(clipOf) }, why };
}
