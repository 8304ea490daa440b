/** Names and layouts of the public PyTorch port (Atze00/MoViNet-pytorch), in both directions. */
import type { Spec } from "../../../arch/spec.ts";
import { elementsOf } from "../../../graph/shapes.ts";
import { reversed, type Tensor } from "../../../graph/tensor.ts";
import type { Origin } from "../infer.ts";
import type { FoundTensor } from "../tensors.ts";

/** What the port computes depends on its convolutions: both 3-D networks work like the base network. */
export const pytorchPort: Origin = {
  title: "the public PyTorch port",
  untold: ({ convType }) =>
    convType === "3d"
      ? { gate: "sigmoid", activation: "swish", classifierActivation: "swish" }
      : { gate: "hard_sigmoid_a", activation: "hard_swish", classifierActivation: "swish" },
};

type Pairs = readonly (readonly [own: string, theirs: string])[];

const outer: Pairs = [
  ["stem", "conv1.conv_1"],
  ["head", "conv7.conv_1"],
  ["classifier1", "classifier.0.conv_1"],
  ["classifier2", "classifier.3.conv_1"],
];

/** Parts of a layer; a skip's convolution follows its pooling, if there is one. */
const inner: Pairs = [
  ["expansion", "expand.conv_1"],
  ["feature", "deep.conv_1"],
  ["temporal", "deep.conv_2"],
  ["se_reduce", "se.fc1.conv_1"],
  ["se_expand", "se.fc2.conv_1"],
  ["projection", "project.conv_1"],
  ["skip", "res.1.conv_1"],
  ["skip", "res.0.conv_1"],
];

/** Names of a part; a kernel's last name is that of its convolution. */
const leaves: Pairs = [
  ["kernel", "conv.weight"],
  ["bias", "conv.bias"],
  ["norm.gamma", "norm.weight"],
  ["norm.beta", "norm.bias"],
  ["norm.mean", "norm.running_mean"],
  ["norm.variance", "norm.running_var"],
];

/** Scalars of a layer. The port has no positional encoding: the name of its factor is ours. */
const factors: Pairs = [
  ["rezero", "alpha"],
  ["posenc", "se.posenc"],
];

/** A counter in each norm: the number of training batches. No network reads it. */
export const batchCount = "num_batches_tracked";

/** The port's name for a parameter. */
export function portName(own: string, { convType, blocks }: Pick<Spec, "convType" | "blocks">): string {
  const [, block, layer, inLayer] = /^block(\d+)\.layer(\d+)\.(.+)$/.exec(own) ?? [];
  const prefix = inLayer === undefined ? "" : `blocks.b${block}_l${layer}.`;
  const factor = factors.find(([name]) => name === inLayer);
  if (factor) return prefix + factor[1];
  const [part = "", ...rest] = (inLayer ?? own).split(".");
  const pooled = layer === "0" && blocks[Number(block)]?.stride === 2;
  const leaf = theirsOf(leaves, rest.join(".").replace("depthwise.", ""));
  const place = part === "skip" && !pooled ? "res.0.conv_1" : theirsOf([...outer, ...inner], part);
  return `${prefix}${place}.${leaf.replace(/^conv\./, convType === "3d" ? "conv3d." : "conv2d.")}`;
}

/** The canonical name of a tensor of the port; null if there is none. */
export function ownName(theirs: string): string | null {
  const [, block, layer, inLayer] = /^blocks\.b(\d+)_l(\d+)\.(.+)$/.exec(theirs) ?? [];
  const prefix = inLayer === undefined ? "" : `block${block}.layer${layer}.`;
  const factor = factors.find(([, name]) => name === inLayer);
  if (factor) return prefix + factor[0];
  const name = inLayer ?? theirs;
  const part = (inLayer === undefined ? outer : inner).find(([, place]) => name.startsWith(`${place}.`));
  const last = part && name.slice(part[1].length + 1).replace(/^conv[23]d\./, "conv.");
  const leaf = leaves.find(([, place]) => place === last);
  if (!part || !leaf) return null;
  return `${prefix}${part[0]}.${part[0] === "feature" && leaf[0] === "kernel" ? "depthwise.kernel" : leaf[0]}`;
}

function theirsOf(pairs: Pairs, own: string): string {
  const pair = pairs.find(([name]) => name === own);
  if (!pair) throw new Error(`internal: the port has no name for ${own}`);
  return pair[1];
}

const isKernel = (own: string) => own.endsWith(".kernel");
/** Depthwise kernels, which 2-D layouts store as `[…, channels, 1]` and all others as `[…, 1, channels]`. */
const isFlat = (own: string, rank: number) => rank === 4 && /\.(depthwise|temporal)\.kernel$/.test(own);

/** `[out, in, …window]` → `[…window, in, out]` of kernels. Numbers are copied. */
export function fromPort(own: string, { shape, values }: FoundTensor): FoundTensor {
  const [outputs = 1, inputs = 1, ...window] = shape;
  if (!isKernel(own) || shape.length < 3) return { shape, values: () => values().slice() };
  const ends = isFlat(own, shape.length) ? [outputs, inputs] : [inputs, outputs];
  return {
    shape: [...window, ...ends],
    values: () => reversed(values(), [outputs, inputs, elementsOf(window)]),
  };
}

/** `[…window, in, out]` → `[out, in, …window]` of kernels. */
export function toPort(own: string, { shape, data }: Tensor): Tensor {
  if (!isKernel(own)) return { shape, data };
  const [window, [last, end]] = [shape.slice(0, -2), shape.slice(-2) as [number, number]];
  const [outputs, inputs] = isFlat(own, shape.length) ? [last, end] : [end, last];
  return { shape: [outputs, inputs, ...window], data: reversed(data, [elementsOf(window), inputs, outputs]) };
}
