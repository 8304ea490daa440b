/** The reference interpreter: every op as plain loops in float64. Slow and simple, to check the other engines. */

import { definitionOf } from "./composites.ts";
import { encodingFrequencies } from "./encoding.ts";
import { onGrid } from "./integers.ts";
import type { ActivationKind, Graph, Node, NodeOf, PerOp, Run, Shape, Values } from "./ir.ts";
import { normEpsilon, perOp } from "./ir.ts";
import { resolveParams } from "./params.ts";
import { kernelRounding } from "./requantize.ts";
import { samePadding } from "./shapes.ts";
import type { Weights } from "./tensor.ts";

/** The function of an activation, on one number (spec §2.7). */
export const activations: Readonly<Record<ActivationKind, (x: number) => number>> = {
  swish: (x) => x / (1 + Math.exp(-x)),
  hard_swish: (x) => (x * clip(x + 3, 0, 6)) / 6,
  relu6: (x) => clip(x, 0, 6),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  hard_sigmoid_a: (x) => clip(0.2 * x + 0.5, 0, 1),
  hard_sigmoid_b: (x) => clip(x + 3, 0, 6) * 0.16667,
};

function clip(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}

const ops = {
  input: (node, { values }) => values[node.id] as Float64Array,
  conv(node, run) {
    const { x, shape, out, rows } = operands(run, node.x, node.id);
    const kernel = run.param(node.kernel);
    const bias = node.bias === null ? null : run.param(node.bias);
    const y = zeros(out, rows);
    eachWindow(shape, out, rows, node, (n, from, to, ky, kx) => {
      for (let c = 0; c < shape.channels; c++) {
        const value = x[(n * shape.channels + c) * shape.height * shape.width + from] as number;
        const base = ((ky * node.size + kx) * shape.channels + c) * node.filters;
        for (let f = 0; f < node.filters; f++) {
          const at = (n * node.filters + f) * out.height * out.width + to;
          y[at] = (y[at] as number) + value * (kernel[base + f] as number);
        }
      }
    });
    return bias ? mapChannels(y, out, (value, c) => value + (bias[c] as number)) : y;
  },
  depthwise(node, run) {
    const { x, shape, out, rows } = operands(run, node.x, node.id);
    const kernel = run.param(node.kernel);
    const bias = node.bias === null ? null : run.param(node.bias);
    const y = zeros(out, rows);
    for (let k = 0; k < node.time.taps; k++) {
      eachWindow(shape, out, rows, node, (n, from, to, ky, kx) => {
        const source = n + (k - node.time.before) * run.batch;
        if (source < 0 || source >= shape.frames * run.batch) return;
        for (let c = 0; c < shape.channels; c++) {
          const at = (n * shape.channels + c) * out.height * out.width + to;
          const tap = (((node.time.tap + k) * node.size + ky) * node.size + kx) * shape.channels + c;
          const value = x[(source * shape.channels + c) * shape.height * shape.width + from] as number;
          y[at] = (y[at] as number) + value * (kernel[tap] as number);
        }
      });
    }
    return bias ? mapChannels(y, out, (value, c) => value + (bias[c] as number)) : y;
  },
  norm(node, run) {
    const { x, out } = operands(run, node.x, node.id);
    const [gamma, beta] = [run.param(node.gamma), run.param(node.beta)];
    const [mean, variance] = [run.param(node.mean), run.param(node.variance)];
    return mapChannels(x, out, (value, c) => {
      const normal = (value - (mean[c] as number)) / Math.sqrt((variance[c] as number) + normEpsilon);
      return normal * (gamma[c] as number) + (beta[c] as number);
    });
  },
  activation: (node, { values }) => (values[node.x] as Float64Array).map((value) => activations[node.kind](value)),
  averagePool(node, run) {
    const { x, shape, out, rows } = operands(run, node.x, node.id);
    const y = zeros(out, rows);
    const cells = new Float64Array(out.height * out.width);
    eachWindow(shape, out, 1, { size: 3, stride: 2 }, (_n, _from, to) => {
      cells[to] = (cells[to] as number) + 1;
    });
    eachWindow(shape, out, rows, { size: 3, stride: 2 }, (n, from, to) => {
      for (let c = 0; c < shape.channels; c++) {
        const at = (n * shape.channels + c) * out.height * out.width + to;
        const value = x[(n * shape.channels + c) * shape.height * shape.width + from] as number;
        y[at] = (y[at] as number) + value / (cells[to] as number);
      }
    });
    return y;
  },
  spatialMean(node, run) {
    const { x, shape, out, rows } = operands(run, node.x, node.id);
    const size = shape.height * shape.width;
    return zeros(out, rows).map((_, i) => sum(x.subarray(i * size, (i + 1) * size)) / size);
  },
  frameMean(node, run) {
    const { x, shape, out } = operands(run, node.x, node.id);
    const y = zeros(out, run.batch);
    for (let i = 0; i < x.length; i++) y[i % y.length] = (y[i % y.length] as number) + (x[i] as number) / shape.frames;
    return y;
  },
  cumulativeSum(node, run) {
    const { x, out } = operands(run, node.x, node.id);
    const frame = run.batch * out.channels * out.height * out.width;
    const initial = node.initial === null ? null : (run.values[node.initial] as Float64Array);
    const y = x.slice();
    for (let i = 0; i < y.length; i++) {
      y[i] = (y[i] as number) + (i < frame ? (initial?.[i] ?? 0) : (y[i - frame] as number));
    }
    return y;
  },
  slice(node, run) {
    const { x, shape } = operands(run, node.x, node.id);
    const frame = x.length / shape.frames;
    return x.slice(node.start * frame, (node.start + node.count) * frame);
  },
  join: (node, { values }) => Float64Array.from(node.xs.flatMap((x) => [...(values[x] as Float64Array)])),
  pad(node, run) {
    const { x, shape, out } = operands(run, node.x, node.id);
    const y = zeros(out, out.frames * run.batch);
    y.set(x, node.before * (x.length / shape.frames));
    return y;
  },
  repeat: (node, { values }) => {
    const x = values[node.x] as Float64Array;
    return new Float64Array(x.length * node.count).map((_, i) => x[i % x.length] as number);
  },
  concat(node, run) {
    const out = run.shapes[node.id] as Shape;
    const rows = out.frames * run.batch;
    const parts = node.xs.map((x) => run.values[x] as Float64Array);
    const row = (x: Float64Array, n: number) => x.subarray((n * x.length) / rows, ((n + 1) * x.length) / rows);
    return Float64Array.from(Array.from({ length: rows }, (_, n) => parts.flatMap((x) => [...row(x, n)])).flat());
  },
  add: (node, { values }) => {
    const b = values[node.b] as Float64Array;
    return (values[node.a] as Float64Array).map((value, i) => value + (b[i] as number));
  },
  multiply(node, run) {
    const { shape } = operands(run, node.a, node.id);
    const other = run.shapes[node.b] as Shape;
    const b = run.values[node.b] as Float64Array;
    return (run.values[node.a] as Float64Array).map((value, i) => {
      const w = other.width === 1 ? 0 : i % shape.width;
      const h = other.height === 1 ? 0 : Math.floor(i / shape.width) % shape.height;
      const plane = Math.floor(i / (shape.width * shape.height));
      const c = other.channels === 1 ? 0 : plane % shape.channels;
      const n = Math.floor(plane / shape.channels);
      return value * (b[((n * other.channels + c) * other.height + h) * other.width + w] as number);
    });
  },
  scale(node, run) {
    const factor = run.param(node.factor)[0] as number;
    return (run.values[node.x] as Float64Array).map((value) => value * factor);
  },
  positionalEncoding(node, { values }) {
    const [sines, cosines] = encodingFrequencies(node.channels);
    const rows = [...(values[node.x] as Float64Array)].map((position) => [
      ...sines.map((frequency) => Math.sin(position * frequency)),
      ...cosines.map((frequency) => Math.cos(position * frequency)),
    ]);
    return Float64Array.from(rows.flat());
  },
} satisfies PerOp<[Run], Float64Array>;

function operands({ shapes, values, batch }: Run, x: string, id: string) {
  const shape = shapes[x] as Shape;
  const out = shapes[id] as Shape;
  return { x: values[x] as Float64Array, shape, out, rows: out.frames * batch };
}

/** Zeros for `rows` pictures of this shape. */
export function zeros(shape: Shape, rows: number): Float64Array {
  return new Float64Array(rows * shape.channels * shape.height * shape.width);
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function mapChannels(x: Float64Array, shape: Shape, f: (value: number, channel: number) => number): Float64Array {
  const plane = shape.height * shape.width;
  return x.map((value, i) => f(value, Math.floor(i / plane) % shape.channels));
}

/** Visits every valid cell of every SAME window: row, cell read, cell written, kernel row and column. */
export function eachWindow(
  shape: Shape,
  out: Shape,
  rows: number,
  { size, stride }: Pick<NodeOf<"conv">, "size" | "stride">,
  visit: (row: number, from: number, to: number, ky: number, kx: number) => void,
): void {
  const top = samePadding(shape.height, size, stride).begin;
  const left = samePadding(shape.width, size, stride).begin;
  for (let n = 0; n < rows; n++) {
    for (let oy = 0; oy < out.height; oy++) {
      for (let ox = 0; ox < out.width; ox++) {
        for (let ky = 0; ky < size; ky++) {
          const y = oy * stride - top + ky;
          if (y < 0 || y >= shape.height) continue;
          for (let kx = 0; kx < size; kx++) {
            const x = ox * stride - left + kx;
            if (x >= 0 && x < shape.width) visit(n, y * shape.width + x, oy * out.width + ox, ky, kx);
          }
        }
      }
    }
  }
}

/** Computes a node from the values before it. */
export function runNode(node: Node, run: Run): Float64Array {
  return definitionOf(node)?.run(node, run) ?? perOp<[Run], Float64Array>(ops, node, run);
}

/**
 * Runs a graph on its inputs and returns all values by name. `batch` is the number of streams. Where a graph has integer
 * types, every number lies on its grid: the products of such numbers are those of their integers.
 */
export function interpret(
  graph: Graph,
  weights: Weights,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  batch = 1,
): Values {
  const values: Values = Object.fromEntries(
    Object.entries(inputs).map(([name, data]) => [name, Float64Array.from(data)]),
  );
  const param = resolveParams(graph, weights);
  const rounded = (name: string) => {
    const type = graph.params[name]?.type;
    return type?.quantization ? Float32Array.from(onGrid(param(name), type)) : param(name);
  };
  const run: Run = { shapes: graph.shapes, batch, values, param: rounded };
  const round = kernelRounding(graph);
  for (const node of graph.nodes) {
    const value = round(node, runNode(node, run), values);
    const type = graph.types?.[node.id];
    values[node.id] = type?.quantization ? onGrid(value, type) : value;
  }
  return values;
}
