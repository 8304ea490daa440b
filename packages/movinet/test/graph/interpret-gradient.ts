/** The reference interpreter of training graphs: every gradient node as plain loops in float64. */
import type {
  BatchNormNode,
  GradientNode,
  TrainingGraph,
  TrainingNode,
  TrainingNodeOf,
} from "../../src/graph/gradient.ts";
import { activations, eachWindow, runNode, zeros } from "../../src/graph/interpret.ts";
import { type ActivationKind, normEpsilon, type Run, type Shape, type Values } from "../../src/graph/ir.ts";
import { resolveParams } from "../../src/graph/params.ts";
import type { Weights } from "../../src/graph/tensor.ts";

type GradientOps = {
  readonly [Kind in (GradientNode | BatchNormNode)["op"]]: (node: TrainingNodeOf<Kind>, run: Run) => Float64Array;
};

/** The derivative of an activation (0 where it has none: at a kink, frameworks take one side). */
const derivatives: Readonly<Record<ActivationKind, (x: number) => number>> = {
  swish(x) {
    const s = activations.sigmoid(x);
    return s * (1 + x * (1 - s));
  },
  hard_swish: (x) => (x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6),
  relu6: (x) => (x > 0 && x < 6 ? 1 : 0),
  sigmoid(x) {
    const s = activations.sigmoid(x);
    return s * (1 - s);
  },
  hard_sigmoid_a: (x) => (x > -2.5 && x < 2.5 ? 0.2 : 0),
  hard_sigmoid_b: (x) => (x > -3 && x < 3 ? 0.16667 : 0),
};

const ops: GradientOps = {
  batchNorm(node, run) {
    const { x, shape, plane } = operand(run, node.x);
    const { mean, inverse } = momentsOf(run, node.x);
    const [gamma, beta] = [run.param(node.gamma), run.param(node.beta)];
    return x.map((value, i) => {
      const c = Math.floor(i / plane) % shape.channels;
      return (value - at(mean, c)) * at(inverse, c) * at(gamma, c) + at(beta, c);
    });
  },
  convInput(node, run) {
    const { x: dy, shape: out } = operand(run, node.dy);
    const shape = run.shapes[node.like] as Shape;
    const rows = shape.frames * run.batch;
    const kernel = run.param(node.kernel);
    const dx = zeros(shape, rows);
    eachWindow(shape, out, rows, node, (n, from, to, ky, kx) => {
      for (let c = 0; c < shape.channels; c++) {
        const base = ((ky * node.size + kx) * shape.channels + c) * out.channels;
        let sum = 0;
        for (let f = 0; f < out.channels; f++) sum += at(dy, index(out, n, f, to)) * at(kernel, base + f);
        add(dx, index(shape, n, c, from), sum);
      }
    });
    return dx;
  },
  convKernel(node, run) {
    const { x: dy, shape: out } = operand(run, node.dy);
    const { x, shape, rows } = operand(run, node.x);
    const dw = new Float64Array(node.size * node.size * shape.channels * out.channels);
    eachWindow(shape, out, rows, node, (n, from, to, ky, kx) => {
      for (let c = 0; c < shape.channels; c++) {
        const base = ((ky * node.size + kx) * shape.channels + c) * out.channels;
        for (let f = 0; f < out.channels; f++) {
          add(dw, base + f, at(x, index(shape, n, c, from)) * at(dy, index(out, n, f, to)));
        }
      }
    });
    return dw;
  },
  depthwiseInput(node, run) {
    const { x: dy, shape: out } = operand(run, node.dy);
    const shape = run.shapes[node.like] as Shape;
    const kernel = run.param(node.kernel);
    const dx = zeros(shape, shape.frames * run.batch);
    eachTap(node, shape, out, run.batch, (from, to, n, source, c, tap) => {
      add(dx, index(shape, source, c, from), at(dy, index(out, n, c, to)) * at(kernel, tap));
    });
    return dx;
  },
  depthwiseKernel(node, run) {
    const { x: dy, shape: out } = operand(run, node.dy);
    const { x, shape } = operand(run, node.x);
    const dw = new Float64Array(node.declared * node.size * node.size * shape.channels);
    eachTap(node, shape, out, run.batch, (from, to, n, source, c, tap) => {
      add(dw, tap, at(x, index(shape, source, c, from)) * at(dy, index(out, n, c, to)));
    });
    return dw;
  },
  channelSum(node, run) {
    const { x, shape, plane } = operand(run, node.dy);
    const sums = new Float64Array(shape.channels);
    for (const [i, value] of x.entries()) add(sums, Math.floor(i / plane) % shape.channels, value);
    return sums;
  },
  normInput(node, run) {
    const { x: dy, shape, plane } = operand(run, node.dy);
    const [gamma, variance] = [run.param(node.gamma), run.param(node.variance)];
    return dy.map((value, i) => {
      const c = Math.floor(i / plane) % shape.channels;
      return (value * at(gamma, c)) / Math.sqrt(at(variance, c) + normEpsilon);
    });
  },
  normGamma(node, run) {
    const mean = Float64Array.from(run.param(node.mean));
    const inverse = Float64Array.from(run.param(node.variance), (v) => 1 / Math.sqrt(v + normEpsilon));
    return gammaGradient(run, node, mean, inverse);
  },
  batchNormGamma(node, run) {
    const { mean, inverse } = momentsOf(run, node.x);
    return gammaGradient(run, node, mean, inverse);
  },
  batchNormInput(node, run) {
    const { x, shape, plane } = operand(run, node.x);
    const dy = run.values[node.dy] as Float64Array;
    const { mean, inverse } = momentsOf(run, node.x);
    const gamma = run.param(node.gamma);
    const sum = ops.channelSum({ op: "channelSum", id: "", dy: node.dy }, run);
    const product = gammaGradient(run, node, mean, inverse);
    const count = x.length / shape.channels;
    return x.map((value, i) => {
      const c = Math.floor(i / plane) % shape.channels;
      const normal = (value - at(mean, c)) * at(inverse, c);
      return at(gamma, c) * at(inverse, c) * (at(dy, i) - (at(sum, c) + normal * at(product, c)) / count);
    });
  },
  activationInput(node, run) {
    const x = run.values[node.x] as Float64Array;
    return (run.values[node.dy] as Float64Array).map((value, i) => value * derivatives[node.kind](at(x, i)));
  },
  averagePoolInput(node, run) {
    const { x: dy, shape: out } = operand(run, node.dy);
    const shape = run.shapes[node.like] as Shape;
    const rows = shape.frames * run.batch;
    const window = { size: 3, stride: 2 } as const;
    const cells = new Float64Array(out.height * out.width);
    eachWindow(shape, out, 1, window, (_n, _from, to) => add(cells, to, 1));
    const dx = zeros(shape, rows);
    eachWindow(shape, out, rows, window, (n, from, to) => {
      for (let c = 0; c < shape.channels; c++) {
        add(dx, index(shape, n, c, from), at(dy, index(out, n, c, to)) / at(cells, to));
      }
    });
    return dx;
  },
  spatialMeanInput(node, run) {
    const dy = run.values[node.dy] as Float64Array;
    const shape = run.shapes[node.like] as Shape;
    const plane = shape.height * shape.width;
    return zeros(shape, shape.frames * run.batch).map((_, i) => at(dy, Math.floor(i / plane)) / plane);
  },
  frameMeanInput(node, run) {
    const dy = run.values[node.dy] as Float64Array;
    const shape = run.shapes[node.like] as Shape;
    return zeros(shape, shape.frames * run.batch).map((_, i) => at(dy, i % dy.length) / shape.frames);
  },
  reverseSum(node, run) {
    const { x: dy, shape } = operand(run, node.dy);
    const frame = dy.length / shape.frames;
    const dx = dy.slice();
    for (let i = dx.length - frame - 1; i >= 0; i--) add(dx, i, at(dx, i + frame));
    return dx;
  },
  frameSum(node, run) {
    const { x: dy, shape } = operand(run, node.dy);
    const dx = new Float64Array(dy.length / shape.frames);
    for (const [i, value] of dy.entries()) add(dx, i % dx.length, value);
    return dx;
  },
  channelSlice(node, run) {
    const { x: dy, shape, plane } = operand(run, node.dy);
    return dy.filter((_, i) => {
      const c = Math.floor(i / plane) % shape.channels;
      return c >= node.start && c < node.start + node.channels;
    });
  },
  multiplyOther(node, run) {
    const { x: dy, shape } = operand(run, node.dy);
    const a = run.values[node.a] as Float64Array;
    const other = run.shapes[node.like] as Shape;
    const db = zeros(other, other.frames * run.batch);
    for (const [i, value] of dy.entries()) {
      const w = other.width === 1 ? 0 : i % shape.width;
      const h = other.height === 1 ? 0 : Math.floor(i / shape.width) % shape.height;
      const plane = Math.floor(i / (shape.width * shape.height));
      const c = other.channels === 1 ? 0 : plane % shape.channels;
      const n = Math.floor(plane / shape.channels);
      add(db, ((n * other.channels + c) * other.height + h) * other.width + w, value * at(a, i));
    }
    return db;
  },
  dot(node, run) {
    const x = run.values[node.x] as Float64Array;
    return Float64Array.of((run.values[node.dy] as Float64Array).reduce((sum, value, i) => sum + value * at(x, i), 0));
  },
};

function at(values: Float64Array | Float32Array, i: number): number {
  return values[i] as number;
}

function add(values: Float64Array, i: number, value: number): void {
  values[i] = (values[i] as number) + value;
}

function index({ channels, height, width }: Shape, n: number, c: number, pixel: number): number {
  return (n * channels + c) * height * width + pixel;
}

function operand(run: Run, value: string) {
  const shape = run.shapes[value] as Shape;
  return {
    x: run.values[value] as Float64Array,
    shape,
    rows: shape.frames * run.batch,
    plane: shape.height * shape.width,
  };
}

function momentsOf(run: Run, value: string): { mean: Float64Array; inverse: Float64Array } {
  const { x, shape, plane } = operand(run, value);
  const count = x.length / shape.channels;
  const mean = new Float64Array(shape.channels);
  const variance = new Float64Array(shape.channels);
  for (const [i, v] of x.entries()) add(mean, Math.floor(i / plane) % shape.channels, v / count);
  for (const [i, v] of x.entries()) {
    const c = Math.floor(i / plane) % shape.channels;
    add(variance, c, (v - at(mean, c)) ** 2 / count);
  }
  return { mean, inverse: variance.map((v) => 1 / Math.sqrt(v + normEpsilon)) };
}

function gammaGradient(
  run: Run,
  node: { readonly x: string; readonly dy: string },
  mean: Float64Array,
  inverse: Float64Array,
): Float64Array {
  const { x, shape, plane } = operand(run, node.x);
  const dy = run.values[node.dy] as Float64Array;
  const sums = new Float64Array(shape.channels);
  for (const [i, value] of x.entries()) {
    const c = Math.floor(i / plane) % shape.channels;
    add(sums, c, at(dy, i) * (value - at(mean, c)) * at(inverse, c));
  }
  return sums;
}

/** Visits every product of a depthwise convolution: input pixel, output pixel, output row, input row, channel, tap. */
function eachTap(
  { size, stride, time }: Pick<TrainingNodeOf<"depthwiseInput">, "size" | "stride" | "time">,
  shape: Shape,
  out: Shape,
  batch: number,
  visit: (from: number, to: number, row: number, source: number, channel: number, tap: number) => void,
): void {
  for (let k = 0; k < time.taps; k++) {
    eachWindow(shape, out, out.frames * batch, { size, stride }, (n, from, to, ky, kx) => {
      const source = n + (k - time.before) * batch;
      if (source < 0 || source >= shape.frames * batch) return;
      for (let c = 0; c < shape.channels; c++) {
        visit(from, to, n, source, c, ((k * size + ky) * size + kx) * shape.channels + c);
      }
    });
  }
}

function isOwn(node: TrainingNode): node is GradientNode | BatchNormNode {
  return node.op in ops;
}

/**
 * Runs a training graph on its inputs, which include the gradient of the logits (`training.seed`), and returns every
 * value and every gradient by name.
 */
export function interpretTraining(
  training: TrainingGraph,
  weights: Weights,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  batch = 1,
): Values {
  const values: Values = Object.fromEntries(
    Object.entries(inputs).map(([name, data]) => [name, Float64Array.from(data)]),
  );
  const run: Run = { shapes: training.shapes, batch, values, param: resolveParams(training.forward, weights) };
  for (const node of training.nodes) {
    values[node.id] = isOwn(node)
      ? (ops[node.op] as (node: TrainingNode, run: Run) => Float64Array)(node, run)
      : runNode(node, run);
  }
  return values;
}
