/** The operators that we emit, as plain loops in float64: proves a file without any runtime. */

import { readConstant, readStored } from "../../../src/formats/tflite/read/constants.ts";
import {
  fusedActivations,
  readModel,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from "../../../src/formats/tflite/read/schema.ts";
import { samePadding } from "../../../src/graph/shapes.ts";

type Values = readonly Float64Array[];
interface Call {
  readonly node: TfliteOperator;
  readonly x: Values;
  readonly shapes: readonly (readonly number[])[];
  readonly out: readonly number[];
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const clip = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
const at = (values: ArrayLike<number> | undefined, i: number) => values?.[i] as number;

/** The index of every element of `shape`, in row-major order; it is one array, which changes. */
function* indicesOf(shape: readonly number[]): Generator<number[]> {
  const index = shape.map(() => 0);
  for (let n = sizeOf(shape); n > 0; n--) {
    yield index;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
}

function offset(shape: readonly number[], index: (axis: number) => number): number {
  return shape.reduce((sum, side, axis) => sum * side + index(axis), 0);
}

function gather(shape: readonly number[], value: (index: readonly number[]) => number): Float64Array {
  const y = new Float64Array(sizeOf(shape));
  let n = 0;
  for (const index of indicesOf(shape)) y[n++] = value(index);
  return y;
}

/** Element by element, sides of 1 and missing leading sides broadcast. */
function combine(f: (a: number, b: number) => number) {
  return ({ x: [a, b], shapes: [left = [], right = []], out }: Call): Float64Array => {
    const y = new Float64Array(sizeOf(out));
    const strides = [left, right].map((shape) =>
      out.map((_, axis) => {
        const own = axis - out.length + shape.length;
        return own < 0 || shape[own] === 1 ? 0 : sizeOf(shape.slice(own + 1));
      }),
    ) as [number[], number[]];
    let n = 0;
    for (const index of indicesOf(out)) {
      const place = (s: number[]) => s.reduce((sum, stride, axis) => sum + stride * (index[axis] as number), 0);
      y[n++] = f(at(a, place(strides[0])), at(b, place(strides[1])));
    }
    return y;
  };
}

const map =
  (f: (x: number) => number) =>
  ({ x: [a] }: Call): Float64Array =>
    (a as Float64Array).map(f);

/** Calls `visit(value cell, result cell, kernel cell)` for every valid cell of every window; cells count pixels. */
function eachCell(
  { node: { options }, shapes: [shape = []], out }: Call,
  [kh, kw]: readonly [number, number],
  visit: (from: number, to: number, cell: number) => void,
): void {
  const [frames = 1, height = 1, width = 1] = shape;
  const [, rows = 1, columns = 1] = out;
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = options;
  const begin = (side: number, kernel: number, dilation: number, stride: number) =>
    options.padding === 0 ? samePadding(side, (kernel - 1) * dilation + 1, stride).begin : 0;
  const top = begin(height, kh, dilationHeight, strideHeight);
  const left = begin(width, kw, dilationWidth, strideWidth);
  for (const [t = 0, oy = 0, ox = 0, ky = 0, kx = 0] of indicesOf([frames, rows, columns, kh, kw])) {
    const y = oy * strideHeight - top + ky * dilationHeight;
    const x = ox * strideWidth - left + kx * dilationWidth;
    if (y < 0 || y >= height || x < 0 || x >= width) continue;
    visit((t * height + y) * width + x, (t * rows + oy) * columns + ox, ky * kw + kx);
  }
}

const operators: Readonly<Record<string, (call: Call) => Float64Array>> = {
  CONV_2D(call) {
    const { x, shapes, out } = call;
    const [filters = 1, kh = 1, kw = 1, channels = 1] = shapes[1] as readonly number[];
    const y = Float64Array.from({ length: sizeOf(out) }, (_, i) => at(x[2], i % filters));
    eachCell(call, [kh, kw], (from, to, cell) => {
      for (let f = 0; f < filters; f++) {
        let sum = 0;
        for (let c = 0; c < channels; c++) {
          sum += at(x[0], from * channels + c) * at(x[1], (f * kh * kw + cell) * channels + c);
        }
        y[to * filters + f] = at(y, to * filters + f) + sum;
      }
    });
    return y;
  },
  DEPTHWISE_CONV_2D(call) {
    const { x, shapes, out } = call;
    const [, kh = 1, kw = 1, channels = 1] = shapes[1] as readonly number[];
    const y = Float64Array.from({ length: sizeOf(out) }, (_, i) => at(x[2], i % channels));
    eachCell(call, [kh, kw], (from, to, cell) => {
      for (let c = 0; c < channels; c++) {
        const i = to * channels + c;
        y[i] = at(y, i) + at(x[0], from * channels + c) * at(x[1], cell * channels + c);
      }
    });
    return y;
  },
  AVERAGE_POOL_2D(call) {
    const { x, node, out } = call;
    const channels = out[3] as number;
    const y = new Float64Array(sizeOf(out));
    const cells = new Float64Array(y.length / channels);
    const window = [node.options.height, node.options.width] as const;
    eachCell(call, window, (from, to) => {
      cells[to] = at(cells, to) + 1;
      for (let c = 0; c < channels; c++) {
        y[to * channels + c] = at(y, to * channels + c) + at(x[0], from * channels + c);
      }
    });
    return y.map((sum, i) => sum / at(cells, Math.floor(i / channels)));
  },
  MEAN({ x: [a, axes], shapes: [shape = []], out }) {
    const y = new Float64Array(sizeOf(out));
    let n = 0;
    for (const index of indicesOf(shape)) {
      const to = offset(out, (axis) => (axes?.includes(axis) ? 0 : (index[axis] as number)));
      y[to] = at(y, to) + at(a, n++);
    }
    return y.map((sum) => (sum * y.length) / sizeOf(shape));
  },
  BATCH_MATMUL({ x: [a, b], shapes: [shape = []], out }) {
    const [inner = 1, columns = 1] = [shape.at(-1), out.at(-1)];
    return gather(out, (index) => {
      const [row = 0, column = 0] = index.slice(-2);
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += at(a, row * inner + k) * at(b, k * columns + column);
      return sum;
    });
  },
  CONCATENATION({ node, x, shapes, out }) {
    const inner = (shape: readonly number[]) => sizeOf(shape.slice(node.options.axis));
    const y = new Float64Array(sizeOf(out));
    let start = 0;
    for (const [k, values] of x.entries()) {
      const run = inner(shapes[k] as readonly number[]);
      for (let i = 0; i < values.length; i++) {
        y[Math.floor(i / run) * inner(out) + start + (i % run)] = at(values, i);
      }
      start += run;
    }
    return y;
  },
  SLICE: ({ x: [a, begin], shapes: [shape = []], out }) =>
    gather(out, (index) =>
      at(
        a,
        offset(shape, (axis) => (index[axis] as number) + at(begin, axis)),
      ),
    ),
  PAD({ x: [a, amounts], shapes: [shape = []], out }) {
    const y = new Float64Array(sizeOf(out));
    let n = 0;
    for (const index of indicesOf(shape)) {
      y[offset(out, (axis) => (index[axis] as number) + at(amounts, 2 * axis))] = at(a, n++);
    }
    return y;
  },
  TILE: ({ x: [a], shapes: [shape = []], out }) =>
    gather(out, (index) =>
      at(
        a,
        offset(shape, (axis) => (index[axis] as number) % (shape[axis] as number)),
      ),
    ),
  ADD: combine((a, b) => a + b),
  MUL: combine((a, b) => a * b),
  DIV: combine((a, b) => a / b),
  MINIMUM: combine(Math.min),
  RESHAPE: map((x) => x),
  CAST: map((x) => x),
  DEQUANTIZE: map((x) => x),
  SIN: map(Math.sin),
  COS: map(Math.cos),
  LOGISTIC: map((x) => 1 / (1 + Math.exp(-x))),
  HARD_SWISH: map((x) => (x * clip(x + 3, 0, 6)) / 6),
  RELU: map((x) => Math.max(x, 0)),
  RELU6: map((x) => clip(x, 0, 6)),
};

/** Runs files by the names of their signature; states are the caller's. */
export function openTflite(bytes: Uint8Array): {
  readonly model: TfliteModel;
  readonly run: (inputs: Readonly<Record<string, ArrayLike<number>>>) => Record<string, Float64Array>;
} {
  const model = readModel(bytes, "test.tflite");
  const { signature } = model;
  if (signature === null) throw new Error("the file has no signature");
  const constants = new Map<number, Float64Array>();
  const constant = (tensor: TfliteTensor) =>
    Float64Array.from(
      tensor.quantization || /float/.test(tensor.type) ? readConstant(tensor, "") : readStored(tensor, ""),
    );
  for (const [i, tensor] of model.tensors.entries()) if (tensor.data) constants.set(i, constant(tensor));
  const tensorOf = (i: number) => model.tensors[i] as TfliteTensor;

  function run(inputs: Readonly<Record<string, ArrayLike<number>>>): Record<string, Float64Array> {
    const values = new Map(constants);
    for (const [name, tensor] of Object.entries(signature?.inputs ?? {})) {
      values.set(tensor, Float64Array.from(inputs[name] ?? []));
    }
    for (const node of model.operators) {
      const [output = -1] = node.outputs;
      const { shape } = tensorOf(output);
      const call = {
        node,
        x: node.inputs.map((i) => values.get(i) as Float64Array),
        shapes: node.inputs.map((i) => tensorOf(i).shape),
        out: shape,
      };
      const operator = operators[node.op];
      const fused = fusedActivations[node.options.activation];
      if (operator === undefined || call.x.includes(undefined as never)) throw new Error(`cannot run ${node.op}`);
      const plain = operator(call);
      const y = fused === undefined ? plain : (operators[fused]?.({ ...call, x: [plain] }) as Float64Array);
      if (y.length !== sizeOf(shape)) throw new Error(`${node.op} makes ${y.length} elements of [${shape}]`);
      values.set(output, y);
    }
    return Object.fromEntries(
      Object.entries(signature?.outputs ?? {}).map(([name, i]) => [name, values.get(i) as Float64Array]),
    );
  }
  return { model, run };
}
