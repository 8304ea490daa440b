/**
 * A record of the spike before the trainer: what gradients cost when they are built of ONNX Runtime's inference operators, with
 * weights as inputs (they change every step) and 64 frames. Prints the fastest and the median time in ms of each form, and GFLOP/s
 * of the fastest. Forms are checked by Σ dy·y = Σ w·dw = Σ x·dx. Usage: onnxruntime-depthwise.ts [THREADS] [RUNS] [FRAMES]
 */
import { percentile } from "movinet/files";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { type OnnxNode, type OnnxTensor, writeOnnx } from "../../packages/movinet/src/formats/onnx/proto.ts";

type Dims = readonly number[];
type Form = (n: Net) => void;
const [threads = 2, runs = 15, frames = 64] = process.argv.slice(2).map(Number);
process.env["ORT_DISABLE_TELEMETRY"] ??= "1";

class Net {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  add(op: string, inputs: readonly string[], attributes: OnnxNode["attributes"] = {}, output?: string): string {
    const name = output ?? `v${this.nodes.length}`;
    const domain = op === "FusedMatMul" ? { domain: "com.microsoft" } : {};
    this.nodes.push({ op, name, inputs, outputs: [name], attributes, ...domain });
    return name;
  }
  constant(dims: Dims, data: OnnxTensor["data"]): string {
    this.initializers.push({ name: `c${this.initializers.length}`, dims, data });
    return `c${this.initializers.length - 1}`;
  }
  ints = (...values: number[]) => this.constant([values.length], BigInt64Array.from(values, BigInt));
  float = (value: number) => this.constant([], Float32Array.of(value));
  reshape = (x: string, ...dims: number[]) => this.add("Reshape", [x, this.ints(...dims)]);
  sum = (x: string, ...axes: number[]) => this.add("ReduceSum", [x, this.ints(...axes)], { keepdims: 0 });
  slice = (x: string, from: Dims, to: Dims, steps: Dims) =>
    this.add("Slice", [x, this.ints(...from), this.ints(...to), this.ints(2, 3), this.ints(...steps)]);
  out = (x: string, dims: Dims) => this.add("Reshape", [x, this.ints(...dims)], {}, "out");
}

const sizeOf = (dims: Dims) => dims.reduce((a, b) => a * b, 1);
const random = (dims: Dims) => Float32Array.from({ length: sizeOf(dims) }, (_, i) => Math.sin(i * i + dims.length));

async function time(label: string, form: Form, dims: Record<string, Dims>, out: Dims, flop: number) {
  const n = new Net();
  form(n);
  const all = Object.entries(dims);
  const ends = { inputs: all.map(([name, d]) => ({ name, dims: d })), outputs: [{ name: "out", dims: out }] };
  const bytes = writeOnnx({ name: "spike", nodes: n.nodes, initializers: n.initializers, ...ends });
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: threads, logSeverityLevel: 3 });
  const feeds = Object.fromEntries(all.map(([name, d]) => [name, new Tensor("float32", random(d), d)]));
  const result = new Float32Array(sizeOf(out));
  const times: number[] = [];
  for (let i = -2; i < runs; i++) {
    const start = performance.now();
    await session.run(feeds, { out: new Tensor("float32", result, out) });
    if (i >= 0) times.push(performance.now() - start);
  }
  await session.release();
  const fastest = Math.min(...times);
  const numbers = [fastest, percentile(times, 50), flop / fastest / 1e6].map((value) => value.toFixed(1).padStart(7));
  console.log(label.padEnd(58), ...numbers);
  return result;
}

/** Times the forms of y(x, w), dw(x, dy) and dx(w, dy) of a bilinear map. */
async function bilinear(title: string, dims: Record<"x" | "w" | "y", Dims>, flop: number, forms: Record<string, Form>) {
  console.log(`\n${title}`);
  let expected: number | undefined;
  for (const [label, form] of Object.entries(forms)) {
    const kind = label.startsWith("forward") ? "y" : label.startsWith("weight") ? "w" : "x";
    const got = await time(label, form, { x: dims.x, w: dims.w, dy: dims.y }, dims[kind], flop);
    const other = random(dims[kind]);
    const product = got.reduce((sum, value, i) => sum + value * (other[i] as number), 0);
    expected ??= product;
    if (!(Math.abs(product - expected) < 1e-5 * Math.sqrt(flop) + 1e-3 * Math.abs(expected))) throw new Error(label);
  }
}

async function pointwise(a: number, b: number, side: number) {
  const [pixels, flop] = [side ** 2, 2 * frames * side ** 2 * a * b];
  const planes = { x: [frames, a, pixels], w: [b, a], y: [frames, b, pixels] };
  await bilinear(`pointwise ${a} → ${b} at ${side}²`, planes, flop, {
    "forward, MatMul": (n) => n.add("MatMul", ["w", "x"], {}, "out"),
    "forward, 1×1 Conv": (n) =>
      n.out(n.add("Conv", [n.reshape("x", frames, a, side, side), n.reshape("w", b, a, 1, 1)]), planes.y),
    "weight gradient, FusedMatMul for each frame, then a sum": (n) =>
      n.out(n.sum(n.add("FusedMatMul", ["dy", "x"], { transB: 1 }), 0), planes.w),
    "input gradient, Transpose + MatMul": (n) =>
      n.add("MatMul", [n.add("Transpose", ["w"], { perm: [1, 0] }), "dy"], {}, "out"),
  });
  const rows = { x: [frames * pixels, a], w: [a, b], y: [frames * pixels, b] };
  await bilinear("the same, pixels as rows (NHWC)", rows, flop, {
    "forward, MatMul": (n) => n.add("MatMul", ["x", "w"], {}, "out"),
    "weight gradient, FusedMatMul": (n) => n.add("FusedMatMul", ["x", "dy"], { transA: 1 }, "out"),
    "input gradient, FusedMatMul": (n) => n.add("FusedMatMul", ["dy", "w"], { transB: 1 }, "out"),
  });
  console.log(`\nhard swish of ${b} at ${side}²`);
  const dims = [frames * pixels * b];
  await time("forward, HardSwish", (n) => n.add("HardSwish", ["x"], {}, "out"), { x: dims }, dims, sizeOf(dims));
  const backward: Form = (n) => {
    const inside = n.add("Less", [n.add("Abs", ["x"]), n.float(3)]);
    const slope = n.add("Add", [n.add("Mul", ["x", n.float(1 / 3)]), n.float(0.5)]);
    const outside = n.add("HardSigmoid", ["x"], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
    n.add("Mul", [n.add("Where", [inside, slope, outside]), "dy"], {}, "out");
  };
  await time("backward of Abs Less Mul Add HardSigmoid Where Mul", backward, { x: dims, dy: dims }, dims, sizeOf(dims));
}

function depthwise(channels: number, side: number, k: number, stride: number) {
  const small = Math.ceil(side / stride);
  const total = Math.max((small - 1) * stride + k - side, 0);
  const [low, high, across] = [total >> 1, total - (total >> 1), frames * channels];
  const window = { pads: [low, low, high, high], strides: [stride, stride] };
  const dims = { x: [frames, channels, side, side], w: [channels, 1, k, k], y: [frames, channels, small, small] };
  const taps = Array.from({ length: k * k }, (_, i) => [Math.floor(i / k), i % k]);
  const shifted = (n: Net) => {
    const padded = n.add("Pad", ["x", n.ints(0, 0, low, low, 0, 0, high, high)]);
    const end = (at: number) => at + (small - 1) * stride + 1;
    return taps.map((start) => n.slice(padded, start, start.map(end), [stride, stride]));
  };
  const title = `depthwise ${channels} at ${side}², kernel ${k}², stride ${stride}`;
  return bilinear(title, dims, 2 * sizeOf(dims.y) * k * k, {
    "forward, Conv": (n) => n.add("Conv", ["x", "w"], { group: channels, ...window }, "out"),
    "weight gradient, Conv with N·C groups": (n) => {
      const pair = [n.reshape("x", 1, across, side, side), n.reshape("dy", across, 1, small, small)];
      const each = n.add("Conv", pair, { group: across, pads: window.pads, dilations: [stride, stride] });
      n.out(n.sum(n.reshape(each, frames, channels, k * k), 0), dims.w);
    },
    "weight gradient, shifted multiply + ReduceSum": (n) => {
      const sums = shifted(n).map((x) => n.reshape(n.sum(n.add("Mul", [x, "dy"]), 0, 2, 3), channels, 1));
      n.out(n.add("Concat", sums, { axis: 1 }), dims.w);
    },
    "weight gradient, batched MatMul": (n) => {
      const columns = shifted(n).map((x) => n.reshape(x, across, 1, small ** 2));
      const each = n.add("MatMul", [n.add("Concat", columns, { axis: 1 }), n.reshape("dy", across, small ** 2, 1)]);
      n.out(n.sum(n.reshape(each, frames, channels * k * k), 0), dims.w);
    },
    "input gradient, ConvTranspose with C groups": (n) =>
      n.add("ConvTranspose", ["dy", "w"], { group: channels, ...window }, "out"),
    "input gradient, zeros between + flipped Conv": (n) => {
      const apart = n.reshape("dy", across, small, 1, small, 1);
      const spread = n.add("Pad", [apart, n.ints(0, 0, 0, 0, 0, 0, 0, stride - 1, 0, stride - 1)]);
      const dy = stride === 1 ? "dy" : n.reshape(spread, frames, channels, small * stride, small * stride);
      const pads = [0, 0, 1, 1].map((end) => (end ? side - small * stride + low : k - 1 - low));
      n.add("Conv", [dy, n.slice("w", [-1, -1], [-99, -99], [-1, -1])], { group: channels, pads }, "out");
    },
  });
}

console.log("".padEnd(58), "fastest  median GFLOP/s");
await pointwise(32, 80, 22);
await pointwise(56, 184, 11);
await pointwise(8, 24, 86);
await depthwise(80, 22, 3, 1);
await depthwise(184, 22, 3, 2);
await depthwise(184, 11, 3, 1);
await depthwise(80, 43, 3, 2);
await depthwise(24, 86, 5, 2);
await depthwise(280, 6, 5, 1);
