/** TFLite models drawn by hand, to show the reader forms that no file at hand has. */
import { buildFlow, type Flow } from "../../../src/formats/tflite/read/flow.ts";
import type {
  OperatorOptions,
  TfliteModel,
  TfliteOperator,
  TfliteTensor,
} from "../../../src/formats/tflite/read/schema.ts";

const plain: OperatorOptions = {
  padding: 0,
  strideWidth: 1,
  strideHeight: 1,
  dilationWidth: 1,
  dilationHeight: 1,
  width: 1,
  height: 1,
  activation: 0,
  weightsFormat: 0,
  depthMultiplier: 1,
  axis: 0,
};
export const valid = { padding: 1 } as const;
export const stride2 = { strideWidth: 2, strideHeight: 2 } as const;
export const fusedRelu6 = { activation: 3 } as const;

export class Sketch {
  readonly tensors: TfliteTensor[] = [];
  readonly operators: TfliteOperator[] = [];
  readonly inputs: number[] = [];

  tensor(shape: readonly number[], data: Uint8Array | null = null, type: TfliteTensor["type"] = "float32"): number {
    this.tensors.push({ name: `t${this.tensors.length}`, shape, type, quantization: null, sparse: false, data });
    return this.tensors.length - 1;
  }

  input(...shape: number[]): number {
    const input = this.tensor(shape);
    this.inputs.push(input);
    return input;
  }

  constant(value: number, ...shape: number[]): number {
    const size = shape.reduce((a, b) => a * b, 1);
    return this.tensor(shape, new Uint8Array(new Float32Array(size).fill(value).buffer));
  }

  ints(...values: number[]): number {
    return this.tensor([values.length], new Uint8Array(Int32Array.from(values).buffer), "int32");
  }

  op(op: string, inputs: readonly number[], shape: readonly number[], options: Partial<OperatorOptions> = {}): number {
    const output = this.tensor(shape);
    this.operators.push({ op, inputs, outputs: [output], options: { ...plain, ...options } });
    return output;
  }

  model(...outputs: number[]): TfliteModel {
    return {
      operators: this.operators,
      tensors: this.tensors,
      inputs: this.inputs,
      outputs,
      signature: null,
      metadata: {},
    };
  }

  flow(...outputs: number[]): Flow {
    return buildFlow(this.model(...outputs), "sketch.tflite");
  }
}

export interface NetworkSketch {
  readonly squeeze: "none" | "2d" | "3d" | "2plus3d" | "reversed";
  readonly dense: "CONV_2D" | "FULLY_CONNECTED";
  readonly pad: "same" | "operator" | "wrong operator";
  readonly rezero: number | null;
  readonly final: "SOFTMAX" | "LOGISTIC" | null;
}

/** A network of one layer: 16 × 16 pixels, stem 8, layer 24 → 8 with a 3×3×3 kernel and stride 2, head 16, 5 classes. */
export function sketchNetwork({ squeeze, dense, pad, rezero, final }: NetworkSketch): Flow {
  const s = new Sketch();
  const image = s.input(1, 16, 16, 3);
  const conv = (
    x: number,
    shape: readonly number[],
    inputs: number,
    size = 1,
    options: Partial<OperatorOptions> = {},
  ) => {
    const filters = shape.at(-1) as number;
    return s.op("CONV_2D", [x, s.constant(1, filters, size, size, inputs), s.constant(0, filters)], shape, options);
  };
  const swish = (x: number, shape: readonly number[]) => s.op("MUL", [s.op("LOGISTIC", [x], shape), x], shape);
  const count = s.input(1);

  let padded = image;
  if (pad === "operator") padded = s.op("PAD", [image, s.ints(0, 0, 0, 1, 0, 1, 0, 0)], [1, 17, 17, 3]);
  if (pad === "wrong operator") padded = s.op("PAD", [image, s.ints(0, 0, 1, 0, 1, 0, 0, 0)], [1, 17, 17, 3]);
  const stem = swish(conv(padded, [1, 8, 8, 8], 3, 3, { ...stride2, ...(pad === "same" ? {} : valid) }), [1, 8, 8, 8]);
  const expanded = swish(conv(stem, [1, 8, 8, 24], 8), [1, 8, 8, 24]);
  const small = [1, 4, 4, 24];
  const spatial = s.op("DEPTHWISE_CONV_2D", [expanded, s.constant(1, 1, 3, 3, 24), -1], small, stride2);
  const frame = s.op("RESHAPE", [swish(spatial, small)], [1, 1, 16, 24]);
  const window = s.op("CONCATENATION", [s.input(1, 2, 16, 24), frame], [1, 3, 16, 24]);
  const temporal = s.op(
    "DEPTHWISE_CONV_2D",
    [window, s.constant(1, 1, 3, 1, 24), s.constant(0, 24)],
    [1, 1, 16, 24],
    valid,
  );
  let feature = s.op("RESHAPE", [swish(temporal, [1, 1, 16, 24])], small);
  if (squeeze !== "none") {
    const vector = [1, 1, 1, 24];
    const mean = s.op("MEAN", [feature], vector);
    const running = s.op("DIV", [s.op("ADD", [s.input(...vector), mean], vector), count], vector);
    const pairs = { "2d": [mean], "3d": [running], "2plus3d": [running, mean], reversed: [mean, running] }[squeeze];
    const pooled = s.op("CONCATENATION", pairs, [1, 1, 1, 24 * pairs.length]);
    const reduced = swish(conv(pooled, [1, 1, 1, 8], 24 * pairs.length), [1, 1, 1, 8]);
    feature = s.op("MUL", [feature, s.op("LOGISTIC", [conv(reduced, vector, 8)], vector)], small);
  }
  let branch = conv(feature, [1, 4, 4, 8], 24);
  if (rezero !== null) branch = s.op("MUL", [s.constant(rezero), branch], [1, 4, 4, 8]);
  const pool = s.op("AVERAGE_POOL_2D", [stem], [1, 4, 4, 8], { ...stride2, width: 3, height: 3 });
  const layer = s.op("ADD", [conv(pool, [1, 4, 4, 8], 8), branch], [1, 4, 4, 8]);

  const head = swish(conv(layer, [1, 4, 4, 16], 8), [1, 4, 4, 16]);
  const sum = s.op("MUL", [s.op("SUM", [head], [1, 1, 1, 16]), s.constant(1 / 16)], [1, 1, 1, 16]);
  const total = s.op("ADD", [sum, s.input(1, 1, 1, 16)], [1, 1, 1, 16]);
  const mean = s.op("DIV", [total, count], [1, 1, 1, 16]);
  const layerOf = (x: number, inputs: number, filters: number, options: Partial<OperatorOptions> = {}) => {
    if (dense === "CONV_2D") return conv(x, [1, 1, 1, filters], inputs, 1, options);
    return s.op(dense, [x, s.constant(1, filters, inputs), s.constant(0, filters)], [1, filters], options);
  };
  const logits = layerOf(layerOf(mean, 16, 32, fusedRelu6), 32, 5);
  return s.flow(total, final === null ? logits : s.op(final, [logits], [1, 5]));
}
