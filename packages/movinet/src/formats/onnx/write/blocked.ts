/**
 * The one-frame step of streams in the layout that ONNX Runtime's CPU kernels work in: channels in blocks of the machine's
 * vector width. The plain graph spends a quarter of its time converting between this layout and NCHW at stream buffers and
 * gates (docs/decisions.md); here nothing is converted, activations and additions are part of the convolutions, and a
 * gate's multiplication is a 1×1 depthwise convolution whose filter is the gate. The operators are ONNX Runtime's own
 * (`com.microsoft.nchwc`) and the block is the machine's: such a model is made when a session starts, proved there against
 * the plain one, and never stored.
 */
import { encodingFrequencies } from "../../../graph/encoding.ts";
import { type Graph, inputsOf, isVector, type NodeOf, outputsOf } from "../../../graph/ir.ts";
import type { Weights } from "../../../graph/tensor.ts";
import { type OnnxAttribute, type OnnxGraph, type OnnxValue, writeOnnx } from "../proto.ts";
import { blockedKernel, paddedChannels, placesOf, repeatRuns, toBlocks } from "./blocks.ts";
import { windowOf } from "./emission.ts";
import { type BlockedOptions, type Form, FormedEmission } from "./forms.ts";
import { type FusedConv, type FusedNode, fuseConvs } from "./fuse.ts";

const domain = "com.microsoft.nchwc";

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

/** An ONNX graph whose dimensions are all known. */
export interface BlockedGraph extends OnnxGraph {
  readonly inputs: readonly BlockedValue[];
  readonly outputs: readonly BlockedValue[];
}

interface BlockedValue extends OnnxValue {
  readonly dims: readonly number[];
  /** Whether it is in blocks, `[C / block, streams, H · W, block]`, whatever its dimensions; else in the layout of the plain graph. */
  readonly blocked: boolean;
}

/**
 * Emits a lowered one-frame graph for a number of streams in blocks of `block` channels, or returns null where it holds
 * something that this layout does not serve. An output and the input of the next step that it becomes are the same memory, but
 * may differ in their dimensions.
 */
export function emitBlocked(graph: Graph, weights: Weights, options: BlockedOptions): BlockedGraph | null {
  if (graph.frames !== 1) return null;
  const out = new BlockedEmission(graph, weights, options);
  for (const node of fuseConvs(graph)) if (!out.emit(node)) return null;
  return {
    name: graph.name,
    nodes: out.nodes,
    initializers: [...out.initializers.values()],
    inputs: graph.nodes.flatMap((node) => (node.op === "input" ? [out.value(node.id)] : [])),
    outputs: [...new Set(outputsOf(graph))].map((name) => out.value(name)),
  };
}

class BlockedEmission extends FormedEmission {
  value(name: string): BlockedValue {
    return { name, dims: this.dimsOf(name), blocked: this.runs(name) !== null };
  }

  /** Emits one node; false where it cannot. */
  emit(node: FusedNode): boolean {
    if ("conv" in node) return this.#conv(node);
    const { id } = node;
    switch (node.op) {
      case "input":
        this.#input(node);
        return true;
      case "averagePool": {
        const window = this.#window(node.x, { size: 3, stride: 2 }, { count_include_pad: 0 });
        this.node("AveragePool", this.made(id, "pictures"), [this.as("pictures", node.x)], window, domain);
        return true;
      }
      case "spatialMean": {
        const form = this.has("rows", node.x) ? "rows" : "pictures";
        this.node("GlobalAveragePool", this.made(id, "rows"), [this.as(form, node.x)], {}, domain);
        return true;
      }
      case "cumulativeSum":
        if (node.initial === null) this.#elementwise("Identity", id, [node.x]);
        else this.#elementwise("Add", id, [node.x, node.initial]);
        return true;
      case "concat":
        this.#concat(
          id,
          node.xs,
          node.xs.flatMap((x) => this.runs(x) ?? []),
        );
        return true;
      case "add":
        this.#elementwise("Add", id, [node.a, node.b]);
        return String(this.runs(node.a)) === String(this.runs(node.b));
      case "multiply":
        if (isVector(this.shape(id))) this.#elementwise("Mul", id, [node.a, node.b]);
        else this.#gate(node);
        return true;
      case "scale":
        this.#elementwise("Mul", id, [node.x, this.floats(node.factor, [1], this.param(node.factor))]);
        return true;
      case "positionalEncoding":
        this.#encoding(node);
        return true;
      case "activation":
        if (node.kind !== "swish") return false;
        this.#swish(this.made(id, this.#formOf(id)), this.as(this.#formOf(id), node.x));
        return true;
      default:
        return false;
    }
  }

  /** Pictures and clocks are plain; a buffer has the form of what reads it first. */
  #input({ id, role, shape }: NodeOf<"input">): void {
    const { streams } = this;
    const { channels, height, width } = shape;
    if (role === "inverseCount" || role === "position") {
      this.madePlain(id, streams === 1 ? [1, 1, 1, 1] : [1, streams, 1]);
    } else if (isVector(shape)) {
      this.made(id, "vector");
    } else if (role === "image") {
      this.madePlain(id, [streams, channels, height, width]);
    } else {
      const reader = this.graph.nodes.find((node) => inputsOf(node).includes(id));
      this.made(id, reader?.op === "depthwise" && reader.size > 1 ? "pictures" : "row");
    }
  }

  /** In which form single numbers of a value are worked on. */
  #formOf(value: string): Form {
    return isVector(this.shape(value)) ? "vector" : "pixels";
  }

  #elementwise(op: string, id: string, values: readonly string[]): void {
    const form = this.#formOf(id);
    const inputs = values.map((value) => this.as(form, value));
    const runs = values.map((value) => this.runs(value)).find((found) => found !== null);
    this.node(op, this.made(id, form, runs ?? []), inputs);
  }

  /** Values one after the other, in padded runs of channels. */
  #concat(id: string, values: readonly string[], runs: readonly number[]): void {
    const form = this.#formOf(id);
    const parts = values.map((value) => this.as(form, value));
    this.node("Concat", this.made(id, form, runs), parts, { axis: form === "vector" && this.streams > 1 ? 0 : 1 });
  }

  #window(x: string, window: { size: number; stride: number }, more: Record<string, OnnxAttribute>) {
    return { ...windowOf(this.shape(x), window), dilations: [1, 1], ...more };
  }

  #conv({ conv, sum, activation, output }: FusedConv): boolean {
    const fused = activation === null ? unfused : fusedActivations[activation];
    if (!fused && activation !== "swish") return false;
    const dense = conv.op === "conv";
    const single = conv.size === 1 && conv.stride === 1;
    if (dense && !single && this.runs(conv.x)) return false;
    const form = !single ? "pictures" : dense ? "pixels" : "row";
    const blocks = paddedChannels(this.shape(output).channels, this.block) / this.block;
    const apart = dense && !single && this.streams > 1 && blocks > 1;
    const result = apart ? `${output}/maps` : output;
    const linear = fused ? result : `${result}/linear`;
    if (!this.#fused(conv, sum, fused ?? unfused, linear, form)) return false;
    if (!fused) this.#swish(result, linear);
    if (dense && !single) this.#stem(output, result, blocks);
    else this.made(output, form);
    return true;
  }

  /** What a convolution of plain pictures gives: the blocks of a stream one after the other, not the streams of a block. */
  #stem(output: string, maps: string, blocks: number): void {
    const { block, streams } = this;
    const { height, width } = this.shape(output);
    if (maps === output) {
      this.made(output, [streams, blocks * block, height, width]);
      return;
    }
    const pixels = height * width * block;
    const parted = this.node("Reshape", `${maps}/parted`, [maps, this.ints([streams, blocks, pixels])]);
    this.node("Transpose", this.made(output, [blocks, streams, pixels]), [parted], { perm: [1, 0, 2] });
  }

  #fused(conv: FusedConv["conv"], sum: string | null, fused: FusedActivation, output: string, form: Form): boolean {
    const { channels } = this.shape(conv.id);
    const padded = paddedChannels(channels, this.block);
    const shifted = fused.factor !== 1 || fused.shift !== 0;
    if (conv.op === "depthwise" && shifted) return false;
    const times = conv.op === "depthwise" && form === "pictures" ? this.streams : 1;
    const kernel = conv.op === "conv" ? this.#denseKernel(conv, fused.factor) : this.#depthwiseKernel(conv, times);
    const inputs = [this.as(form, conv.x), kernel];
    if (conv.bias !== null || shifted) {
      const compute = () => {
        const bias = new Float32Array(padded);
        if (conv.bias !== null) bias.set(this.param(conv.bias));
        for (let c = 0; c < channels; c++) bias[c] = (bias[c] as number) * fused.factor + fused.shift;
        return repeatRuns(bias, this.block, times);
      };
      inputs.push(this.constant(`${output}/bias*${times}`, [times * padded], compute));
    }
    if (sum !== null) {
      if (conv.bias === null && !shifted) inputs.push("");
      inputs.push(this.as(form, sum));
    }
    const group = conv.op === "depthwise" ? times * padded : 1;
    this.node("Conv", output, inputs, this.#window(conv.x, conv, { group, ...fused.attributes }), domain);
    return true;
  }

  #swish(output: string, x: string): void {
    this.node("QuickGelu", output, [x], { alpha: { float: 1 } }, "com.microsoft");
  }

  #denseKernel({ x, kernel: name, size, filters }: NodeOf<"conv">, factor: number): string {
    const { block } = this;
    const runs = this.runs(x);
    const plain = this.shape(x).channels;
    const layout = {
      window: size * size,
      filters,
      places: runs ? placesOf(runs, block) : Array.from({ length: plain }, (_, c) => c),
      inputs: runs ? this.padded(x) : plain,
    };
    const dims = [paddedChannels(filters, block), layout.inputs, size, size];
    return this.constant(`${name}/blocked`, dims, () =>
      blockedKernel(this.param(name), layout, { block, inner: runs ? block : 1, factor }),
    );
  }

  #depthwiseKernel(node: NodeOf<"depthwise">, times: number): string {
    const { channels } = this.shape(node.x);
    const { kernel, size, time } = node;
    const dims = [times * paddedChannels(channels, this.block), 1, size, size];
    return this.constant(`${kernel}#${time.tap}*${times}`, dims, () => {
      const blocked = toBlocks(this.tap(node, channels), { channels, height: size, width: size }, this.block);
      return repeatRuns(blocked, size * size * this.block, times);
    });
  }

  #gate({ id, a, b }: NodeOf<"multiply">): void {
    const group = this.streams * this.padded(a);
    const filter = this.seen(b, "filter", [group, 1, 1, 1]);
    const window = this.#window(a, { size: 1, stride: 1 }, { group });
    this.node("Conv", this.made(id, "rows"), [this.as("rows", a), filter], window, domain);
  }

  /** Sines and cosines as two padded runs, which is how the pooled means that they are added to are laid out. */
  #encoding({ id, x, channels }: NodeOf<"positionalEncoding">): void {
    const { block, streams } = this;
    const frequencies = encodingFrequencies(channels);
    const values = ["Sin", "Cos"].map((op, odd) => {
      const picked = frequencies[odd] as Float64Array;
      const padded = new Float32Array(paddedChannels(picked.length, block));
      padded.set(picked);
      const dims = streams === 1 ? [1, padded.length, 1, 1] : [padded.length / block, 1, block];
      const constant = this.floats(`frequencies_of_${op}_${channels}*${streams}`, dims, padded);
      const angle = this.node("Mul", `${id}/${op}/angle`, [x, constant]);
      return this.node(op, `${id}/${op}`, [angle]);
    });
    const runs = frequencies.map(({ length }) => length);
    this.#concat(id, values, runs);
  }
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
