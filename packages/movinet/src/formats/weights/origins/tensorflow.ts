/**
 * The official TensorFlow code: which of its Python objects own which of our parameters (spec §4.1); one table for
 * reading and writing. Our layouts are TensorFlow's.
 */
import { specOf } from "../../../arch/spec.ts";
import type { Origin } from "../infer.ts";

export const tensorflow: Origin = {
  title: "the current official code",
  untold({ mode }) {
    const { gate, activation, classifierActivation } = specOf(`a0-${mode}`);
    return { gate, activation, classifierActivation };
  },
};

/** A Keras layer with parameters of ours. */
export type LayerKind = "stem" | "block" | "head" | "classifier";

/** A convolution in a layer, and what follows it. */
interface Convolution {
  /** Names of our parameters. */
  readonly name: string;
  /** The path from its layer to it. */
  readonly path: readonly string[];
  readonly after: "norm" | "bias";
  /** A depthwise one: over space (and time), or the temporal part of a split one. */
  readonly depthwise?: "spatial" | "temporal";
}

const convolutions: Readonly<Record<LayerKind, readonly Convolution[]>> = {
  stem: [{ name: "stem", path: ["_stem"], after: "norm" }],
  block: [
    { name: "expansion", path: ["_expansion"], after: "norm" },
    { name: "feature", path: ["_feature"], after: "norm", depthwise: "spatial" },
    { name: "temporal", path: ["_feature"], after: "norm", depthwise: "temporal" },
    { name: "projection", path: ["_projection"], after: "norm" },
    { name: "se_reduce", path: ["_attention", "_se_reduce"], after: "bias" },
    { name: "se_expand", path: ["_attention", "_se_expand"], after: "bias" },
    { name: "skip", path: ["_skip", "_projection"], after: "norm" },
  ],
  head: [{ name: "head", path: ["_project"], after: "norm" }],
  classifier: [
    { name: "classifier1", path: ["_head"], after: "bias" },
    { name: "classifier2", path: ["_classifier"], after: "bias" },
  ],
};

const scalars: readonly (readonly [name: string, path: readonly string[]])[] = [
  ["posenc", ["_attention", "_pos_encoding", "_rezero", "scale"]],
  ["rezero", ["_mobile_bottleneck", "_rezero", "scale"]],
];

const norms = { gamma: "gamma", beta: "beta", mean: "moving_mean", variance: "moving_variance" } as const;

/**
 * The layers with our parameters, whose names in a block omit `block0.layer0.`; `flat` if convolutions are 2-D ones
 * (`2plus1d`), which have one more wrapper.
 */
export function objectPaths(
  kind: LayerKind,
  flat: boolean,
): readonly (readonly [name: string, path: readonly string[]])[] {
  const wrapped = flat ? ["_conv"] : [];
  const convolved = convolutions[kind].flatMap(({ name, path, after, depthwise }) => {
    const ending = depthwise === "temporal" ? "_temporal" : "";
    const conv = [...path, `_conv${ending}`, ...wrapped];
    const kernel = depthwise === "spatial" ? `${name}.depthwise.kernel` : `${name}.kernel`;
    const followers = Object.entries(norms).map(
      ([ours, theirs]) => [`${name}.norm.${ours}`, [...path, `_batch_norm${ending}`, theirs]] as const,
    );
    return [
      [kernel, [...conv, flat && depthwise ? "depthwise_kernel" : "kernel"]] as const,
      ...(after === "norm" ? followers : [[`${name}.bias`, [...conv, "bias"]] as const]),
    ];
  });
  return kind === "block" ? [...convolved, ...scalars] : convolved;
}

/** The kind of layer of an object, from the names of its children; null: none of these. */
export function layerKindOf(children: { has(name: string): boolean }): LayerKind | null {
  if (children.has("_stem")) return "stem";
  if (children.has("_expansion") && children.has("_feature")) return "block";
  if (children.has("_project")) return "head";
  return children.has("_head") && children.has("_classifier") ? "classifier" : null;
}

/** Block and layer, from the full name of a variable: in the current code, or in the hub's models. */
export function blockLayerOf(fullName: string): string | null {
  const found = /(?:^|\/)(?:block(\d+)_layer(\d+)|b(\d+)\/l(\d+))\//.exec(fullName);
  return found && `block${found[1] ?? found[3]}.layer${found[2] ?? found[4]}`;
}
