import type { Spec } from "../arch/spec.ts";
import { variants } from "../arch/variants.ts";

/** How a model was trained to see a picture: `squash` ignores its aspect, `crop` takes the centre. */
export type CardFit = "squash" | "crop";

/** How a picture becomes the network's input: as a model was trained, or whole between black bars (`pad`). */
export type Fit = CardFit | "pad";

/** The network's input in pixels, and how a picture is fitted into it. */
export interface InputSize {
  readonly width: number;
  readonly height: number;
  readonly fit: Fit;
}

/** What must be known about a model beside its network and its weights. Plain JSON data. */
export interface Card {
  /** For example `a0-stream`. */
  readonly name: string;
  /** Class names in output order; null when nobody knows them. */
  readonly labels: readonly string[] | null;
  /** Pixels. */
  readonly input: InputSize & { readonly fit: CardFit };
  /** Frames a second at which the model sees a video. */
  readonly fps: number;
  /** Frames of one window of a base model; null for stream models. */
  readonly frames: number | null;
  /** Whether the classes exclude each other (`softmax`) or not (`sigmoid`). */
  readonly output: "softmax" | "sigmoid";
  /** Where the weights come from, or null. */
  readonly source: string | null;
  readonly licence: string | null;
  /** Fractions in 0..1 on the data set named, or null where nobody measured. */
  readonly accuracy: { readonly dataset: string; readonly top1: number; readonly top5: number | null } | null;
  /** What the logits were divided by to make probabilities honest (folded into the last layer), or null. */
  readonly temperature: number | null;
  /** Which clips its training used; null where nobody noted them, as in files of others. */
  readonly learned: LearnedClips | null;
}

/** Clips that taught a model or chose one of its settings, so that nobody tests it on them. Plain JSON data. */
export interface LearnedClips {
  /** Of each clip, the first 16 hexadecimal digits of the SHA-256 of its file and of its pictures as the model sees them; sorted. */
  readonly files: readonly string[];
  /** Of each group (a person, a place), the same digits of the SHA-256 of its name; sorted. */
  readonly groups: readonly string[];
}

/** The card of a network that nobody described: sizes from the spec, rates from the variant, no labels. */
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
