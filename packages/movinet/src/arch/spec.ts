import { type BlockSpec, type VariantName, variants } from "./variants.ts";

export const modes = ["base", "stream"] as const;
/** `base` takes a whole clip at once; `stream` is causal and takes one frame (or a chunk) at a time. */
export type Mode = (typeof modes)[number];
/** A network's name, for example `a0-stream`. It determines every option of its {@link Spec}. */
export type SpecName = `${VariantName}-${Mode}`;

/** How a depthwise kernel over time and space is factored (spec §2.3). */
export type ConvType = "3d" | "2plus1d" | "3d_2plus1d";
/** The means that the squeeze-and-excitation gate sees (spec §2.4). */
export type SqueezeExcite = "none" | "2d" | "3d" | "2plus3d";
export type Activation = "swish" | "hard_swish" | "relu6";
/**
 * `hard_sigmoid_a` = clip(0.2x + 0.5, 0, 1), in the released stream weights; `hard_sigmoid_b` = relu6(x + 3) ·
 * 0.16667, in the current code and its exports (spec §2.7).
 */
export type Gate = "sigmoid" | "hard_sigmoid_a" | "hard_sigmoid_b";

/** The complete description of a network, as plain JSON data. */
export interface Spec {
  readonly variant: string;
  readonly mode: Mode;
  readonly stem: number;
  readonly blocks: readonly BlockSpec[];
  readonly head: number;
  readonly hidden: number;
  readonly convType: ConvType;
  readonly squeezeExcite: SqueezeExcite;
  readonly activation: Activation;
  readonly gate: Gate;
  readonly classifierActivation: Activation;
  readonly positionalEncoding: boolean;
  readonly classes: number;
  /** Pixels; need not be square. */
  readonly resolution: { readonly height: number; readonly width: number };
  /** The outputs, rows of the table of heads, the main one first. Default: `logits` only. */
  readonly heads?: readonly string[];
}

/** The options of MoViNet that a name does not determine. */
export type SpecOptions = Partial<Omit<Spec, "variant" | "mode" | "stem" | "blocks" | "head" | "hidden">>;

/** All fourteen names, in the order of the family. */
export const specNames = Object.keys(variants).flatMap((variant) =>
  modes.map((mode) => `${variant as VariantName}-${mode}` as const),
);

export function isSpecName(name: string): name is SpecName {
  return (specNames as readonly string[]).includes(name);
}

/**
 * The network of a name with its official options: 600 classes, native resolution; base: 3-D convolutions, 3-D
 * squeeze-and-excitation, swish; stream: (2+1)-D convolutions, 2plus3d, hard swish, gate form B, and a positional
 * encoding for A3–A5. The classifier head uses swish in both (spec §2.7).
 */
export function specOf(name: SpecName, options: SpecOptions = {}): Spec {
  const [variant, mode] = name.split("-") as [VariantName, Mode];
  const { stem, blocks, head, hidden, resolution, positionalEncoding } = variants[variant];
  const shared = { stem, blocks, head, hidden, classes: 600, resolution: { height: resolution, width: resolution } };
  return {
    variant,
    mode,
    ...shared,
    ...official[mode],
    classifierActivation: "swish",
    positionalEncoding: mode === "stream" && positionalEncoding,
    ...options,
  };
}

const official = {
  base: { convType: "3d", squeezeExcite: "3d", activation: "swish", gate: "sigmoid" },
  stream: { convType: "2plus1d", squeezeExcite: "2plus3d", activation: "hard_swish", gate: "hard_sigmoid_b" },
} as const satisfies Record<Mode, SpecOptions>;

/**
 * The layers of a network in order, stage by stage: the stem, each block, the head, the two layers of the classifier.
 * They own the parameters and states; the output of a block layer has its name.
 */
export function stagesOf({ blocks }: Pick<Spec, "blocks">): readonly (readonly string[])[] {
  const layers = blocks.map(({ layers }, b) => layers.map((_, l) => `block${b}.layer${l}`));
  return [["stem"], ...layers, ["head"], ["classifier1"], ["classifier2"]];
}

/** Google's name for a state of a layer. */
export function stateName(
  owner: string,
  what: "stream_buffer" | "pool_buffer" | "pool_frame_count" | "pos_enc_frame_count",
): string {
  return `state_${owner.replace(".", "_")}_${what}`;
}

/** The spec's name: variant and mode. */
export function nameOf(spec: Spec): string {
  return `${spec.variant}-${spec.mode}`;
}

/**
 * Hidden width of a squeeze-and-excitation layer: a quarter of the pooled channels, rounded to a multiple of 8 (spec
 * §2.4).
 */
export function squeezeWidth(expand: number, squeezeExcite: SqueezeExcite): number {
  return makeDivisible(0.25 * expand * (squeezeExcite === "2plus3d" ? 2 : 1), 8);
}

/** Rounds to a multiple of `divisor`, never reducing by more than a tenth (spec §2.4). */
export function makeDivisible(value: number, divisor: number): number {
  const rounded = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * value ? rounded + divisor : rounded;
}
