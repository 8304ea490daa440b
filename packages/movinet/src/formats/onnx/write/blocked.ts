/**
 * The one-frame step of a single stream in the layout that ONNX Runtime's CPU kernels work in: channels in blocks of the
 * machine's vector width, `[C / block, H, W, block]`. The plain graph spends a quarter of its time converting between
 * this layout and NCHW at stream buffers and gates (docs/decisions.md); here nothing is converted, activations and
 * additions are part of the convolutions, and a gate's multiplication is a 1×1 depthwise convolution whose filter is
 * the gate. The operators are ONNX Runtime's own (`com.microsoft.nchwc`) and the block is the machine's: such a model
 * is made when a session starts, proved there against the plain one, and never stored.
 */
import { encodingFrequencies } from "../../../graph/interpret.ts";
import { type Graph, type NodeOf, outputsOf, type Shape } from "../../../graph/ir.ts";
import type { Weights } from "../../../graph/tensor.ts";
import { type OnnxAttribute, type OnnxValue, writeOnnx } from "../proto.ts";
import { Emission, windowOf } from "./emission.ts";
import { type FusedConv, type FusedNode, fuseConvs } from "./fuse.ts";

const domain = "com.microsoft.nchwc";

/** Channels rounded up to whole blocks. */
export function paddedChannels(channels: number, block: number): number {
  return Math.ceil(channels / block) * block;
}

/** Whether a graph input keeps its plain layout: the picture, and the clocks of one number. */
export function isPlainInput(node: NodeOf<"input">): boolean {
  return node.role !== "slot" && node.role !== "sum";
}

/** Dimensions of an input of the blocked model: states are one long row, since only kernels of single pixels read them. */
export function blockedInputDims(node: NodeOf<"input">, block: number): readonly number[] {
  const { channels, height, width } = node.shape;
  if (isPlainInput(node)) return [1, channels, height, width];
  return [1, paddedChannels(channels, block), 1, height * width];
}

/** `[C, H · W]` → blocks of channels, padded with zeros. */
export function toBlocks(data: Float32Array, { channels, height, width }: Shape, block: number): Float32Array {
  const pixels = height * width;
  const blocked = new Float32Array(paddedChannels(channels, block) * pixels);
  for (let c = 0; c < channels; c++) {
    const base = Math.floor(c / block) * pixels * block + (c % block);
    for (let p = 0; p < pixels; p++) blocked[base + p * block] = data[c * pixels + p] as number;
  }
  return blocked;
}

/** The inverse of {@link toBlocks}. */
export function fromBlocks(blocked: Float32Array, { channels, height, width }: Shape, block: number): Float32Array {
  const pixels = height * width;
  if (pixels === 1) return blocked.slice(0, channels);
  const data = new Float32Array(channels * pixels);
  for (let c = 0; c < channels; c++) {
    const base = Math.floor(c / block) * pixels * block + (c % block);
    for (let p = 0; p < pixels; p++) data[c * pixels + p] = blocked[base + p * block] as number;
  }
  return data;
}

/** A model of two numbers whose output has as many channels as a block of this machine. */
export function blockProbe(): Uint8Array {
  const probe = { op: "ReorderInput", domain, name: "probe", inputs: ["x"], outputs: ["y"], attributes: {} };
  return writeOnnx({
    name: "block probe",
    nodes: [probe],
    initializers: [],
    inputs: [{ name: "x", dims: [1, 4, 1, 1] }],
    outputs: [{ name: "y", dims: [1, "block", 1, 1] }],
  });
}

/**
 * Emits a lowered one-frame graph in blocks of `block` channels, or returns null where it holds something that this
 * layout does not serve.
 */
export function emitBlocked(graph: Graph, weights: Weights, block: number): Uint8Array | null {
  if (graph.frames !== 1) return null;
  const out = new BlockedEmission(graph, weights, block);
  for (const node of fuseConvs(graph)) if (!out.emit(node)) return null;
  for (const name of outputsOf(graph)) out.as("picture", name);
  const value = (name: string): OnnxValue => {
    const { channels, height, width } = out.shape(name);
    return { name, dims: [1, paddedChannels(channels, block), height, width] };
  };
  return writeOnnx({
    name: graph.name,
    nodes: out.nodes,
    initializers: [...out.initializers.values()],
    inputs: graph.nodes.flatMap((node) =>
      node.op === "input" ? [{ name: node.id, dims: blockedInputDims(node, block) }] : [],
    ),
    outputs: [...new Set(outputsOf(graph))].map(value),
  });
}

/**
 * A feature map is a picture `[1, C, H, W]` for kernels that look around, and a row `[1, C, 1, H · W]` for those that look
 * at single pixels: they run best over one long row.
 */
type Form = "row" | "picture";

class BlockedEmission extends Emission {
  readonly #block: number;
  /** Runs of channels of a value, each of which is padded to whole blocks; null for values in their plain layout. */
  readonly #segments = new Map<string, readonly number[] | null>();
  /** Names of the values that are not just pictures under their own name. */
  readonly #forms = new Map<string, { readonly row?: string; readonly picture?: string }>();

  constructor(graph: Graph, weights: Weights, block: number) {
    super(graph, weights);
    this.#block = block;
  }

  /** The name of a value in a form; it is reshaped where it was made in the other one, which copies nothing. */
  as(form: Form, value: string): string {
    const { channels, height, width } = this.shape(value);
    if (height === 1) return value;
    const forms = this.#forms.get(value) ?? { picture: value };
    const existing = forms[form];
    if (existing) return existing;
    const name = form === "picture" && forms.row !== value ? value : `${value}/${form}`;
    const size = form === "row" ? [1, height * width] : [height, width];
    this.node("Reshape", name, [
      (forms.row ?? forms.picture) as string,
      this.ints([1, paddedChannels(channels, this.#block), ...size]),
    ]);
    this.#forms.set(value, { ...forms, [form]: name });
    return name;
  }

  /** The name under which a node makes a value. */
  #made(form: Form, value: string): string {
    if (form === "picture" || this.shape(value).height === 1) return value;
    const name = `${value}/row`;
    this.#forms.set(value, { row: name });
    return name;
  }

  /** Emits one node; false where it cannot. */
  emit(node: FusedNode): boolean {
    if ("conv" in node) return this.#conv(node);
    const { channels, height, width } = this.shape(node.id);
    this.#segments.set(node.id, [channels]);
    switch (node.op) {
      case "input":
        if (isPlainInput(node)) this.#segments.set(node.id, null);
        else this.#forms.set(node.id, { row: node.id });
        return true;
      case "averagePool": {
        const window = this.#window(node.x, { size: 3, stride: 2 }, { count_include_pad: 0 });
        this.node("AveragePool", node.id, [this.as("picture", node.x)], window, domain);
        return true;
      }
      case "spatialMean":
        this.node("GlobalAveragePool", node.id, [this.as("row", node.x)], {}, domain);
        return true;
      case "cumulativeSum":
        if (node.initial === null) this.node("Identity", node.id, [node.x]);
        else this.node("Add", node.id, [node.x, node.initial]);
        return true;
      case "concat":
        this.#segments.set(
          node.id,
          node.xs.flatMap((x) => this.#segments.get(x) ?? []),
        );
        this.node("Concat", node.id, node.xs, { axis: 1 });
        return true;
      case "add":
        this.#segments.set(node.id, this.#segments.get(node.a) ?? []);
        this.node("Add", this.#made("row", node.id), [this.as("row", node.a), this.as("row", node.b)]);
        return String(this.#segments.get(node.a)) === String(this.#segments.get(node.b));
      case "multiply":
        if (height * width === 1) this.node("Mul", node.id, [node.a, node.b]);
        else this.#gate(node);
        return true;
      case "scale": {
        this.#segments.set(node.id, this.#segments.get(node.x) ?? []);
        const factor = this.floats(node.factor, [1], this.param(node.factor));
        this.node("Mul", this.#made("row", node.id), [this.as("row", node.x), factor]);
        return true;
      }
      case "positionalEncoding":
        this.#encoding(node);
        return true;
      case "activation":
        if (node.kind !== "swish") return false;
        return this.#swish(this.#made("row", node.id), this.as("row", node.x));
      default:
        return false;
    }
  }

  #window(x: string, window: { size: number; stride: number }, more: Record<string, OnnxAttribute>) {
    return { ...windowOf(this.shape(x), window), dilations: [1, 1], ...more };
  }

  #conv({ conv, sum, activation, output }: FusedConv): boolean {
    const fused = activation === null ? unfused : fusedActivations[activation];
    const form = conv.size === 1 && conv.stride === 1 ? "row" : "picture";
    this.#segments.set(output, [this.shape(conv.id).channels]);
    const made = this.#made(form, output);
    if (fused) return this.#fused(conv, sum, fused, made, form);
    const linear = `${made}/linear`;
    return activation === "swish" && this.#fused(conv, sum, unfused, linear, form) && this.#swish(made, linear);
  }

  #fused(conv: FusedConv["conv"], sum: string | null, fused: FusedActivation, output: string, form: Form): boolean {
    const { channels } = this.shape(conv.id);
    const padded = paddedChannels(channels, this.#block);
    const inputs = [
      this.as(form, conv.x),
      conv.op === "conv" ? this.#denseKernel(conv, fused.factor) : this.#depthwiseKernel(conv),
    ];
    const shifted = fused.factor !== 1 || fused.shift !== 0;
    if (conv.op === "depthwise" && shifted) return false;
    if (conv.bias !== null || shifted) {
      const bias = new Float32Array(padded);
      if (conv.bias !== null) bias.set(this.param(conv.bias));
      for (let c = 0; c < channels; c++) bias[c] = (bias[c] as number) * fused.factor + fused.shift;
      inputs.push(this.floats(`${output}/bias`, [padded], bias));
    }
    if (sum !== null) {
      if (conv.bias === null && !shifted) inputs.push("");
      inputs.push(this.as(form, sum));
    }
    const group = conv.op === "depthwise" ? padded : 1;
    this.node("Conv", output, inputs, this.#window(conv.x, conv, { group, ...fused.attributes }), domain);
    return true;
  }

  #swish(output: string, x: string): boolean {
    this.node("Mul", output, [x, this.node("Sigmoid", `${output}/sigmoid`, [x])]);
    return true;
  }

  /** `[kh·kw, in, out]` → `[out / block, in / block, kh·kw, block of in, block of out]`; in is plain for the picture. */
  #denseKernel({ x, kernel: name, size, filters }: NodeOf<"conv">, factor: number): string {
    const { channels } = this.shape(x);
    const block = this.#block;
    const kernel = this.param(name);
    const window = size * size;
    const segments = this.#segments.get(x);
    const places = segments ? placesOf(segments, block) : Array.from({ length: channels }, (_, c) => c);
    const inputs = segments ? segments.reduce((sum, run) => sum + paddedChannels(run, block), 0) : channels;
    const inner = segments ? block : 1;
    const padded = paddedChannels(filters, block);
    const data = new Float32Array(padded * inputs * window);
    for (let k = 0; k < window; k++) {
      for (let c = 0; c < channels; c++) {
        const place = places[c] as number;
        const row = (k * channels + c) * filters;
        const column = Math.floor(place / inner) * window + k;
        for (let begin = 0; begin < filters; begin += block) {
          const at = (((begin / block) * (inputs / inner) * window + column) * inner + (place % inner)) * block;
          const end = Math.min(block, filters - begin);
          for (let f = 0; f < end; f++) data[at + f] = (kernel[row + begin + f] as number) * factor;
        }
      }
    }
    return this.floats(`${name}/blocked`, [padded, inputs, size, size], data);
  }

  #depthwiseKernel(node: NodeOf<"depthwise">): string {
    const { channels } = this.shape(node.x);
    const { kernel, size, time } = node;
    const window = { channels, height: size, width: size, frames: 1 };
    const blocked = toBlocks(this.tap(node, channels), window, this.#block);
    return this.floats(`${kernel}#${time.tap}`, [paddedChannels(channels, this.#block), 1, size, size], blocked);
  }

  #gate({ id, a, b }: NodeOf<"multiply">): void {
    const padded = paddedChannels(this.shape(a).channels, this.#block);
    const filter = this.node("Reshape", `${id}/filter`, [b, this.ints([padded, 1, 1, 1])]);
    const window = this.#window(a, { size: 1, stride: 1 }, { group: padded });
    this.node("Conv", this.#made("row", id), [this.as("row", a), filter], window, domain);
  }

  /** Sines and cosines as two padded runs, which is how the pooled means that they are added to are laid out. */
  #encoding({ id, x, channels }: NodeOf<"positionalEncoding">): void {
    const frequencies = encodingFrequencies(channels);
    const values = ["Sin", "Cos"].map((op, odd) => {
      const picked = frequencies[odd] as Float64Array;
      const padded = new Float32Array(paddedChannels(picked.length, this.#block));
      padded.set(picked);
      const constant = this.floats(`frequencies_of_${op}_${channels}`, [1, padded.length, 1, 1], padded);
      return this.node(op, `${id}/${op}`, [this.node("Mul", `${id}/${op}/angle`, [x, constant])]);
    });
    const segments = frequencies.map(({ length }) => length);
    this.#segments.set(id, segments);
    this.node("Concat", id, values, { axis: 1 });
  }
}

/** Where each channel stands among padded runs. */
function placesOf(segments: readonly number[], block: number): number[] {
  let begin = 0;
  return segments.flatMap((run) => {
    const places = Array.from({ length: run }, (_, c) => begin + c);
    begin += paddedChannels(run, block);
    return places;
  });
}

interface FusedActivation {
  readonly attributes: Record<string, OnnxAttribute>;
  /** The convolution's result is first taken times this, */
  readonly factor: number;
  /** and this is added to it. */
  readonly shift: number;
}

function fusedActivation(activation: string, params: readonly number[], factor = 1, shift = 0): FusedActivation {
  return { attributes: { activation, activation_params: { floats: params } }, factor, shift };
}

const unfused: FusedActivation = { attributes: {}, factor: 1, shift: 0 };

const fusedActivations: Readonly<Record<string, FusedActivation>> = {
  hard_swish: fusedActivation("HardSwish", [1 / 6, 0.5]),
  relu6: fusedActivation("Clip", [0, 6]),
  hard_sigmoid_a: fusedActivation("HardSigmoid", [0.2, 0.5]),
  // relu6(x + 3) · 0.16667 = clip(0.16667x + 0.50001, 0, 1.00002)
  hard_sigmoid_b: fusedActivation("Clip", [0, 6 * 0.16667], 0.16667, 3 * 0.16667),
};
