/** A TFLite file from its parts (schema version 3); field positions are in the reader's tables. */
import type { Quantization } from "../../../graph/precision.ts";
import {
  byteOptions,
  fields,
  type OperatorOptions,
  operatorNames,
  optionFields,
  type TensorType,
  tensorTypes,
} from "../read/schema.ts";
import { FlatWriter } from "./flat-writer.ts";

export interface WrittenTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: Exclude<TensorType, "other">;
  /** Little-endian, row-major; null for a computed value. */
  readonly data: Uint8Array | null;
  readonly quantization: Quantization | null;
}

export interface WrittenOperator {
  readonly op: string;
  readonly version: number;
  readonly inputs: readonly number[];
  readonly output: number;
  readonly options: Partial<OperatorOptions>;
}

export interface WrittenModel {
  readonly description: string;
  readonly tensors: readonly WrittenTensor[];
  /** In execution order. */
  readonly operators: readonly WrittenOperator[];
  /** Tensors by the names of the signature `serving_default`, in the order of the graph's inputs and outputs. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, Uint8Array>>;
}

const identifier = "TFL3";
const schemaVersion = 3;
/** Alignment of constant buffers in bytes: kernels load them as vectors. */
const alignment = 16;
const codeOf = new Map(Object.entries(operatorNames).map(([code, name]) => [name, Number(code)]));
const typeOf = new Map(Object.entries(tensorTypes).map(([code, name]) => [name, Number(code)]));

/** The member of the schema's union BuiltinOptions for an operator; without one the runtime uses its defaults. */
const optionTypes: Readonly<Record<string, number>> = {
  CONV_2D: 1,
  DEPTHWISE_CONV_2D: 2,
  AVERAGE_POOL_2D: 5,
  CONCATENATION: 10,
  ADD: 11,
  RESHAPE: 17,
  MUL: 21,
  PAD: 22,
  MEAN: 27,
  SUB: 28,
  DIV: 29,
  CAST: 37,
  DEQUANTIZE: 38,
  MINIMUM: 39,
  SLICE: 48,
  TILE: 51,
  COS: 84,
  HARD_SWISH: 91,
  BATCH_MATMUL: 101,
};
/** The written options of each operator; nothing reads the last three. */
const layouts: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ...optionFields,
  MEAN: { keepDims: 0 },
  CAST: { from: 0, to: 1 },
  RESHAPE: { newShape: 0 },
};
const writtenBytes: ReadonlySet<string> = new Set([...byteOptions, "keepDims", "from", "to"]);

/**
 * Serializes a model. The constants are copied once, into a writer that is large enough from the start; buffer 0 is
 * the empty one shared by all computed tensors.
 */
export function writeTflite(model: WrittenModel): Uint8Array {
  const constants = model.tensors.filter(({ data }) => data !== null);
  const payload = [...constants.map(({ data }) => data as Uint8Array), ...Object.values(model.metadata)];
  const out = new FlatWriter(estimateSize(model, payload));

  const filled = payload.map((data) => out.table(fields.buffer, { data: out.bytes(data, alignment) }));
  const buffers = out.tables([out.table(fields.buffer, {}), ...filled]);
  const bufferOf = new Map(constants.map((tensor, i) => [tensor, i + 1]));

  const codes = [...new Set(model.operators.map(({ op, version }) => `${op} ${version}`))];
  const operatorCodes = out.tables(codes.map((code) => writeCode(out, code)));
  const subgraph = writeSubgraph(out, model, codes, (tensor) => bufferOf.get(tensor) ?? 0);
  const signature = writeSignature(out, model);
  const metadata = Object.keys(model.metadata).map((name, i) =>
    out.table(fields.metadata, { name: out.text(name), buffer: out.int(constants.length + 1 + i) }),
  );
  const root = out.table(fields.model, {
    version: out.int(schemaVersion),
    operatorCodes,
    description: out.text(model.description),
    subgraphs: out.tables([subgraph]),
    signatures: out.tables([signature]),
    metadata: out.tables(metadata),
    buffers,
  });
  return out.finish(root, identifier);
}

/** A writer that must grow copies everything: the estimate is deliberately slightly too large. */
function estimateSize({ tensors, operators }: WrittenModel, payload: readonly Uint8Array[]): number {
  const data = payload.reduce((bytes, { length }) => bytes + length + 64, 0);
  const scales = tensors.reduce((bytes, { quantization }) => bytes + 12 * (quantization?.scale.length ?? 0), 0);
  const names = tensors.reduce((bytes, { name }) => bytes + 3 * name.length, 0);
  return data + scales + names + 160 * (tensors.length + operators.length) + 4096;
}

function writeCode(out: FlatWriter, code: string): number {
  const [op = "", version] = code.split(" ");
  const number = codeOf.get(op);
  if (number === undefined) throw new Error(`internal: the operator ${op} has no code`);
  return out.table(fields.operatorCode, {
    shortBuiltin: out.byte(Math.min(number, 127)),
    version: out.int(Number(version), 1),
    builtin: out.int(number),
  });
}

function writeSubgraph(
  out: FlatWriter,
  { tensors, operators, inputs, outputs }: WrittenModel,
  codes: readonly string[],
  bufferOf: (tensor: WrittenTensor) => number,
): number {
  return out.table(fields.subgraph, {
    tensors: out.tables(tensors.map((tensor) => writeTensor(out, tensor, bufferOf(tensor)))),
    operators: out.tables(
      operators.map((operator) => {
        const code = codes.indexOf(`${operator.op} ${operator.version}`);
        return writeOperator(out, operator, code, tensors);
      }),
    ),
    inputs: out.ints(Object.values(inputs)),
    outputs: out.ints(Object.values(outputs)),
    name: out.text("main"),
  });
}

function writeTensor(out: FlatWriter, { name, shape, type, quantization }: WrittenTensor, buffer: number): number {
  return out.table(fields.tensor, {
    name: out.text(name),
    shape: out.ints(shape),
    type: out.byte(typeOf.get(type) ?? 0),
    buffer: out.int(buffer),
    quantization: quantization === null ? undefined : out.ref(writeQuantization(out, quantization)),
  });
}

function writeQuantization(out: FlatWriter, { scale, zeroPoint, axis }: Quantization): number {
  return out.table(fields.quantization, {
    scale: out.floats([...scale]),
    zeroPoint: out.longs([...zeroPoint]),
    axis: out.int(axis),
  });
}

function writeOperator(
  out: FlatWriter,
  { op, inputs, output, options }: WrittenOperator,
  code: number,
  tensors: readonly WrittenTensor[],
): number {
  const operands = { inputs: out.ints(inputs), outputs: out.ints([output]) };
  const layout = layouts[op] ?? {};
  const [from, to] = [inputs[0] as number, output].map((tensor) => typeOf.get(tensors[tensor]?.type ?? "float32"));
  // Runtimes take the shape from the second input; tf2onnx requires it here.
  const newShape = tensors[output]?.shape;
  const values: Readonly<Record<string, number | readonly number[] | undefined>> = {
    keepDims: 1,
    from,
    to,
    newShape,
    ...options,
  };
  const given = Object.keys(layout).flatMap((name) => {
    const value = values[name];
    if (value === undefined) return [];
    if (typeof value !== "number") return [[name, out.ints(value)] as const];
    return [[name, writtenBytes.has(name) ? out.byte(value) : out.int(value)] as const];
  });
  out.builder.forceDefaults(true);
  const written = out.table(layout, Object.fromEntries(given));
  out.builder.forceDefaults(false);
  const optionsType = optionTypes[op] ?? 0;
  return out.table(fields.operator, {
    code: out.int(code),
    ...operands,
    optionsType: out.byte(optionsType),
    options: optionsType === 0 ? undefined : out.ref(written),
  });
}

function writeSignature(out: FlatWriter, { inputs, outputs }: WrittenModel): number {
  const maps = (tensors: Readonly<Record<string, number>>) =>
    out.tables(
      Object.entries(tensors)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, tensor]) => out.table(fields.tensorMap, { name: out.text(name), tensor: out.int(tensor) })),
    );
  return out.table(fields.signature, {
    inputs: maps(inputs),
    outputs: maps(outputs),
    key: out.text("serving_default"),
  });
}
