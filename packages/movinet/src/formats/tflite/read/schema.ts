/**
 * The part of the TFLite schema that we use (tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3): field
 * numbers, codes of operators, types, paddings and activations.
 */
import { Damage, type Flatbuffer, openFlatbuffer, refuse } from "./flatbuffer.ts";

export const fields = {
  model: { version: 0, operatorCodes: 1, subgraphs: 2, description: 3, buffers: 4, metadata: 6, signatures: 7 },
  operatorCode: { shortBuiltin: 0, custom: 1, version: 2, builtin: 3 },
  subgraph: { tensors: 0, inputs: 1, outputs: 2, operators: 3, name: 4 },
  tensor: { shape: 0, type: 1, buffer: 2, name: 3, quantization: 4, sparsity: 6 },
  quantization: { scale: 2, zeroPoint: 3, axis: 6 },
  operator: { code: 0, inputs: 1, outputs: 2, optionsType: 3, options: 4 },
  buffer: { data: 0, offset: 1, size: 2 },
  metadata: { name: 0, buffer: 1 },
  signature: { inputs: 0, outputs: 1, key: 2, subgraph: 4 },
  tensorMap: { name: 0, tensor: 1 },
} as const;

/** The operators with a meaning here, and some that only appear in messages. */
export const operatorNames: Readonly<Record<number, string>> = {
  0: "ADD",
  1: "AVERAGE_POOL_2D",
  2: "CONCATENATION",
  3: "CONV_2D",
  4: "DEPTHWISE_CONV_2D",
  6: "DEQUANTIZE",
  9: "FULLY_CONNECTED",
  14: "LOGISTIC",
  16: "LSTM",
  17: "MAX_POOL_2D",
  18: "MUL",
  19: "RELU",
  20: "RELU_N1_TO_1",
  21: "RELU6",
  22: "RESHAPE",
  25: "SOFTMAX",
  28: "TANH",
  32: "CUSTOM",
  34: "PAD",
  36: "GATHER",
  39: "TRANSPOSE",
  40: "MEAN",
  41: "SUB",
  42: "DIV",
  43: "SQUEEZE",
  45: "STRIDED_SLICE",
  49: "SPLIT",
  51: "DELEGATE",
  53: "CAST",
  55: "MAXIMUM",
  57: "MINIMUM",
  60: "PADV2",
  65: "SLICE",
  66: "SIN",
  69: "TILE",
  70: "EXPAND_DIMS",
  74: "SUM",
  83: "PACK",
  96: "RANGE",
  108: "COS",
  114: "QUANTIZE",
  117: "HARD_SWISH",
  126: "BATCH_MATMUL",
  128: "CUMSUM",
  130: "BROADCAST_TO",
  132: "CONV_3D",
  150: "GELU",
  152: "RELU_0_TO_1",
};
const customOperator = 32;

export const tensorTypes = {
  0: "float32",
  1: "float16",
  2: "int32",
  3: "uint8",
  4: "int64",
  6: "bool",
  7: "int16",
  9: "int8",
} as const;
/** Element type of a tensor; types that MoViNet files never have are `other`. */
export type TensorType = (typeof tensorTypes)[keyof typeof tensorTypes] | "other";

/** `padding` of an operator with a window. */
export const padding = { same: 0, valid: 1 } as const;
/** Codes of fused activations, and the operators that would compute them. */
export const fusedActivations: Readonly<Record<number, string>> = {
  1: "RELU",
  2: "RELU_N1_TO_1",
  3: "RELU6",
  4: "TANH",
};

export const optionFields = {
  CONV_2D: { padding: 0, strideWidth: 1, strideHeight: 2, activation: 3, dilationWidth: 4, dilationHeight: 5 },
  DEPTHWISE_CONV_2D: {
    padding: 0,
    strideWidth: 1,
    strideHeight: 2,
    depthMultiplier: 3,
    activation: 4,
    dilationWidth: 5,
    dilationHeight: 6,
  },
  AVERAGE_POOL_2D: { padding: 0, strideWidth: 1, strideHeight: 2, width: 3, height: 4, activation: 5 },
  FULLY_CONNECTED: { activation: 0, weightsFormat: 1 },
  CONCATENATION: { axis: 0, activation: 1 },
  ADD: { activation: 0 },
  MUL: { activation: 0 },
  SUB: { activation: 0 },
  DIV: { activation: 0 },
} as const satisfies Record<string, Partial<Record<keyof OperatorOptions, number>>>;

/** The options of an operator; options its kind does not have keep the default. */
export type OperatorOptions = Readonly<typeof defaults>;
const defaults = {
  padding: padding.same as number,
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
export const byteOptions: ReadonlySet<string> = new Set(["padding", "activation", "weightsFormat"]);

export interface TfliteTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: TensorType;
  /**
   * Real value = `scale · (stored − zeroPoint)`; one scale, or one for each index of dimension `axis`. Null: not
   * quantized.
   */
  readonly quantization: {
    readonly scale: readonly number[];
    readonly zeroPoint: readonly number[];
    readonly axis: number;
  } | null;
  readonly sparse: boolean;
  /** A view of the file's bytes, little-endian, row-major; null for a computed value. */
  readonly data: Uint8Array | null;
}

export interface TfliteOperator {
  /** The name of the built-in operator, or that of a custom one. */
  readonly op: string;
  /** Tensor indices; −1 is a missing optional input. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options: OperatorOptions;
}

/** The first subgraph of a file; all its tensor indices are within range. */
export interface TfliteModel {
  readonly operators: readonly TfliteOperator[];
  readonly tensors: readonly TfliteTensor[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Tensors by the names that programs use; null in files without a signature. */
  readonly signature: {
    readonly inputs: Readonly<Record<string, number>>;
    readonly outputs: Readonly<Record<string, number>>;
  } | null;
  /** By name, for example an exporter's own data. */
  readonly metadata: Readonly<Record<string, Uint8Array>>;
}

/** Reads the structure of a TFLite file. Throws a ModelError (`E_MODEL_FORMAT`) for anything else. */
export function readModel(bytes: Uint8Array, subject: string): TfliteModel {
  if (bytes.length < 8 || String.fromCharCode(...bytes.subarray(4, 8)) !== "TFL3") {
    throw refuse(subject, "it is not a TFLite file: the identifier TFL3 is missing");
  }
  try {
    return parseModel(bytes);
  } catch (cause) {
    if (!(cause instanceof Damage)) throw cause;
    throw refuse(subject, `the TFLite file is damaged: ${cause.message}`, cause);
  }
}

/** Limits beyond any file of this family: A5, the largest, has some thousand tensors and operators. */
const most = {
  codes: 1000,
  tensors: 100_000,
  subgraphs: 1000,
  dimensions: 8,
  operands: 4096,
  metadata: 1000,
  scales: 65_536,
} as const;

function parseModel(bytes: Uint8Array): TfliteModel {
  const file = openFlatbuffer(bytes);
  const root = file.root();
  const codes = file.tables(root, fields.model.operatorCodes, most.codes).map((code): string => {
    const { shortBuiltin, builtin, custom } = fields.operatorCode;
    const number = Math.max(file.int8(code, shortBuiltin, 0), file.int32(code, builtin, 0));
    return (number === customOperator ? file.text(code, custom) : operatorNames[number]) || `operator ${number}`;
  });
  const buffers = file.tables(root, fields.model.buffers, most.tensors);
  const subgraph = file.tables(root, fields.model.subgraphs, most.subgraphs)[0];
  if (subgraph === undefined) throw new Damage("it has no graph");

  const tensors = file.tables(subgraph, fields.subgraph.tensors, most.tensors).map((table): TfliteTensor => {
    const { shape, type, buffer, name, quantization, sparsity } = fields.tensor;
    const number = file.int32(table, buffer, 0);
    const data = buffers[number];
    if (data === undefined) throw new Damage(`a tensor refers to buffer ${number} of ${buffers.length}`);
    const parameters = file.table(table, quantization);
    return {
      name: file.text(table, name),
      shape: file.numbers(table, shape, "int32", most.dimensions),
      type: tensorTypes[file.int8(table, type, 0) as keyof typeof tensorTypes] ?? "other",
      quantization: parameters === null ? null : readQuantization(file, parameters),
      sparse: file.table(table, sparsity) !== null,
      data: bufferData(file, data),
    };
  });
  const indices = (table: number, field: number, lowest: number) => {
    const list = file.numbers(table, field, "int32", most.operands);
    const wrong = list.find((index) => index < lowest || index >= tensors.length);
    if (wrong !== undefined) throw new Damage(`it refers to tensor ${wrong} of ${tensors.length}`);
    return list;
  };
  const operators = file.tables(subgraph, fields.subgraph.operators, most.tensors).map((table): TfliteOperator => {
    const number = file.int32(table, fields.operator.code, 0);
    const op = codes[number];
    if (op === undefined) throw new Damage(`an operator refers to code ${number} of ${codes.length}`);
    return {
      op,
      inputs: indices(table, fields.operator.inputs, -1),
      outputs: indices(table, fields.operator.outputs, 0),
      options: readOptions(file, op, file.table(table, fields.operator.options)),
    };
  });
  const metadata = file.tables(root, fields.model.metadata, most.metadata).map((table): [string, Uint8Array] => {
    const data = buffers[file.int32(table, fields.metadata.buffer, 0)];
    return [
      file.text(table, fields.metadata.name),
      (data === undefined ? null : bufferData(file, data)) ?? new Uint8Array(),
    ];
  });
  const signature = file.tables(root, fields.model.signatures, most.subgraphs)[0];
  const named = (table: number, field: number) =>
    Object.fromEntries(
      file.tables(table, field, most.operands).map((map): [string, number] => {
        const tensor = file.int32(map, fields.tensorMap.tensor, 0);
        if (tensor < 0 || tensor >= tensors.length)
          throw new Damage(`it refers to tensor ${tensor} of ${tensors.length}`);
        return [file.text(map, fields.tensorMap.name), tensor];
      }),
    );
  return {
    operators,
    tensors,
    signature:
      signature === undefined
        ? null
        : { inputs: named(signature, fields.signature.inputs), outputs: named(signature, fields.signature.outputs) },
    inputs: indices(subgraph, fields.subgraph.inputs, 0),
    outputs: indices(subgraph, fields.subgraph.outputs, 0),
    metadata: Object.fromEntries(metadata),
  };
}

function readQuantization(file: Flatbuffer, table: number): TfliteTensor["quantization"] {
  const scale = file.numbers(table, fields.quantization.scale, "float32", most.scales);
  if (scale.length === 0) return null;
  const zeroPoint = file.numbers(table, fields.quantization.zeroPoint, "int64", most.scales);
  return { scale, zeroPoint, axis: file.int32(table, fields.quantization.axis, 0) };
}

function readOptions(file: Flatbuffer, op: string, table: number | null): OperatorOptions {
  const layout = (optionFields as Readonly<Record<string, Readonly<Record<string, number>>>>)[op];
  if (table === null || layout === undefined) return defaults;
  const values = Object.entries(layout).map(([name, field]) => {
    const fallback = defaults[name as keyof OperatorOptions];
    return [name, byteOptions.has(name) ? file.int8(table, field, fallback) : file.int32(table, field, fallback)];
  });
  return { ...defaults, ...Object.fromEntries(values) };
}

/** The bytes of a Buffer table: inside it, or (in files over 2 GB) at an offset after the flatbuffer. */
function bufferData(file: Flatbuffer, table: number): Uint8Array | null {
  const { data, offset, size } = fields.buffer;
  const start = file.uint64(table, offset, 0);
  return start > 1 ? file.range(start, file.uint64(table, size, 0)) : file.bytes(table, data);
}
