import type { Spec } from "../arch/spec.ts";
import { variants } from "../arch/variants.ts";

/** How a model was trained to fit a picture: `squash` ignores its aspect ratio, `crop` takes the centre. */
export type CardFit = "squash" | "crop";

/** How a picture is fitted to the network's input: as in training, or completely visible between black bars (`pad`). */
export type Fit = CardFit | "pad";

/** The network's input size in pixels, and how a picture is fitted to it. */
export interface InputSize {
  readonly width: number;
  readonly height: number;
  readonly fit: Fit;
}

/** Metadata of a model, besides its network and weights. Plain JSON data. */
export interface Card {
  /** For example `a0-stream`. */
  readonly name: string;
  /** Class names in output order; null if unknown. */
  readonly labels: readonly string[] | null;
  /** Pixels. */
  readonly input: InputSize & { readonly fit: CardFit };
  /** Frames per second at which the model samples a video. */
  readonly fps: number;
  /** Frames per window of a base model; null for stream models. */
  readonly frames: number | null;
  /** Whether the classes are mutually exclusive (`softmax`) or not (`sigmoid`). */
  readonly output: "softmax" | "sigmoid";
  /** Where the weights come from, or null. */
  readonly source: string | null;
  readonly licence: string | null;
  /** Fractions in 0..1 on the given dataset, or null if not measured. */
  readonly accuracy: { readonly dataset: string; readonly top1: number; readonly top5: number | null } | null;
  /** The calibration temperature that the logits were divided by (folded into the last layer), or null. */
  readonly temperature: number | null;
  /** The clips used for its training; null if not recorded, as in third-party files. */
  readonly learned: LearnedClips | null;
}

/** Clips that a model or its settings were trained on, so that nobody tests it on them. Plain JSON data. */
export interface LearnedClips {
  /**
   * For each clip, the first 16 hexadecimal digits of the SHA-256 of its file and of its frames as the model sees
   * them; sorted.
   */
  readonly files: readonly string[];
  /** For each group (a person, a place), the same digits of the SHA-256 of its name; sorted. */
  readonly groups: readonly string[];
}

/** The card of a network without one: sizes from the spec, rates from the variant, no labels. */
export function defaultCard(
  spec: Pick<Spec, "variant" | "mode" | "resolution">,
  name = `${spec.variant}-${spec.mode}`,
): Card {
  const variant = variants[spec.variant as keyof typeof variants] ?? variants.a0;
  return {
    name,
    labels: null,
    input: { ...spec.resolution, fit: defaultFit },
    fps: variant.fps,
    frames: spec.mode === "base" ? variant.frames : null,
    output: "softmax",
    source: null,
    licence: null,
    accuracy: null,
    temperature: null,
    learned: null,
  };
}

/** Chosen by measuring both on labelled clips (docs/decisions.md). */
const defaultFit: CardFit = "crop";
