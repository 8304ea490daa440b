/** A TFLite file from its parts (schema version 3); where each field stands is in the reader's tables. */
import { Builder } from "flatbuffers";
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

export interface WrittenTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: Exclude<TensorType, "other">;
  /** Little-endian, row-major; null for a value that is computed. */
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
  /** In the order of execution. */
  readonly operators: readonly WrittenOperator[];
  /** Tensors by the names of the signature `serving_default`, in the order of the graph's inputs and outputs. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, Uint8Array>>;
}

const identifier = "TFL3";
const schemaVersion = 3;
/** Buffers of constants begin at multiples of so many bytes: kernels load them as vectors. */
const alignment = 16;
const codeOf = new Map(Object.entries(operatorNames).map(([code, name]) => [name, Number(code)]));
const typeOf = new Map(Object.entries(tensorTypes).map(([code, name]) => [name, Number(code)]));

/** The member of the schema's union BuiltinOptions that an operator has; without one the runtime uses its defaults. */
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
  DIV: 29,
  CAST: 37,
  DEQUANTIZE: 38,
  MINIMUM: 39,
  SLICE: 48,
  TILE: 51,
  COS: 84,
  HARD_SWISH: 91,
  CUMSUM: 102,
};
const keepDims = 0;
const castTypes = { from: 0, to: 1 };

/**
 * Serializes a model. The constants are copied once, into a builder that is large enough from the start; buffer 0 is
 * the empty one that all computed tensors share.
 */
export function writeTflite(model: WrittenModel): Uint8Array {
  const constants = model.tensors.filter(({ data }) => data !== null);
  const payload = [...constants.map(({ data }) => data as Uint8Array), ...Object.values(model.metadata)];
  const builder = new Builder(estimateSize(model, payload));

  const buffers = payload.map((data) => {
    builder.prep(alignment, data.length);
    const vector = builder.createByteVector(data);
    return writeTable(builder, 3, () => builder.addFieldOffset(fields.buffer.data, vector, 0));
  });
  const empty = writeTable(builder, 3, () => {});
  const bufferTables = writeOffsets(builder, [empty, ...buffers]);
  const bufferOf = new Map(constants.map((tensor, i) => [tensor, i + 1]));

  const codes = [...new Set(model.operators.map(({ op, version }) => `${op} ${version}`))];
  const codeTables = writeOffsets(
    builder,
    codes.map((code) => writeCode(builder, code)),
  );
  const subgraph = writeSubgraph(builder, model, codes, (tensor) => bufferOf.get(tensor) ?? 0);
  const signature = writeSignature(builder, model);
  const metadata = Object.keys(model.metadata).map((name, i) => {
    const text = builder.createString(name);
    return writeTable(builder, 2, () => {
      builder.addFieldOffset(fields.metadata.name, text, 0);
      builder.addFieldInt32(fields.metadata.buffer, constants.length + 1 + i, 0);
    });
  });
  const description = builder.createString(model.description);
  const subgraphs = writeOffsets(builder, [subgraph]);
  const signatures = writeOffsets(builder, [signature]);
  const metadataTables = writeOffsets(builder, metadata);
  const root = writeTable(builder, 8, () => {
    builder.addFieldInt32(fields.model.version, schemaVersion, 0);
    builder.addFieldOffset(fields.model.operatorCodes, codeTables, 0);
    builder.addFieldOffset(fields.model.subgraphs, subgraphs, 0);
    builder.addFieldOffset(fields.model.description, description, 0);
    builder.addFieldOffset(fields.model.buffers, bufferTables, 0);
    builder.addFieldOffset(fields.model.metadata, metadataTables, 0);
    builder.addFieldOffset(fields.model.signatures, signatures, 0);
  });
  builder.finish(root, identifier);
  return builder.asUint8Array();
}

/** A builder that must grow copies everything: the estimate is meant to be too large by a little. */
function estimateSize({ tensors, operators }: WrittenModel, payload: readonly Uint8Array[]): number {
  const data = payload.reduce((bytes, { length }) => bytes + length + 64, 0);
  const scales = tensors.reduce((bytes, { quantization }) => bytes + 12 * (quantization?.scale.length ?? 0), 0);
  const names = tensors.reduce((bytes, { name }) => bytes + 3 * name.length, 0);
  return data + scales + names + 160 * (tensors.length + operators.length) + 4096;
}

function writeTable(builder: Builder, fieldCount: number, write: () => void): number {
  builder.startObject(fieldCount);
  write();
  return builder.endObject();
}

function writeOffsets(builder: Builder, offsets: readonly number[]): number {
  builder.startVector(4, offsets.length, 4);
  for (const offset of offsets.toReversed()) builder.addOffset(offset);
  return builder.endVector();
}

function writeInts(builder: Builder, values: readonly number[]): number {
  builder.startVector(4, values.length, 4);
  for (const value of values.toReversed()) builder.addInt32(value);
  return builder.endVector();
}

function writeCode(builder: Builder, code: string): number {
  const [op = "", version] = code.split(" ");
  const number = codeOf.get(op);
  if (number === undefined) throw new Error(`internal: the operator ${op} has no code`);
  return writeTable(builder, 4, () => {
    builder.addFieldInt8(fields.operatorCode.shortBuiltin, Math.min(number, 127), 0);
    builder.addFieldInt32(fields.operatorCode.version, Number(version), 1);
    builder.addFieldInt32(fields.operatorCode.builtin, number, 0);
  });
}

function writeSubgraph(
  builder: Builder,
  model: WrittenModel,
  codes: readonly string[],
  bufferOf: (tensor: WrittenTensor) => number,
): number {
  const tensors = writeOffsets(
    builder,
    model.tensors.map((tensor) => writeTensor(builder, tensor, bufferOf(tensor))),
  );
  const operators = writeOffsets(
    builder,
    model.operators.map((operator) => {
      const code = codes.indexOf(`${operator.op} ${operator.version}`);
      return writeOperator(builder, operator, code, model.tensors);
    }),
  );
  const inputs = writeInts(builder, Object.values(model.inputs));
  const outputs = writeInts(builder, Object.values(model.outputs));
  const name = builder.createString("main");
  return writeTable(builder, 5, () => {
    builder.addFieldOffset(fields.subgraph.tensors, tensors, 0);
    builder.addFieldOffset(fields.subgraph.inputs, inputs, 0);
    builder.addFieldOffset(fields.subgraph.outputs, outputs, 0);
    builder.addFieldOffset(fields.subgraph.operators, operators, 0);
    builder.addFieldOffset(fields.subgraph.name, name, 0);
  });
}

function writeTensor(builder: Builder, { name, shape, type, quantization }: WrittenTensor, buffer: number): number {
  const nameOffset = builder.createString(name);
  const shapeOffset = writeInts(builder, shape);
  const parameters = quantization === null ? 0 : writeQuantization(builder, quantization);
  return writeTable(builder, 7, () => {
    builder.addFieldOffset(fields.tensor.shape, shapeOffset, 0);
    builder.addFieldInt8(fields.tensor.type, typeOf.get(type) ?? 0, 0);
    builder.addFieldInt32(fields.tensor.buffer, buffer, 0);
    builder.addFieldOffset(fields.tensor.name, nameOffset, 0);
    builder.addFieldOffset(fields.tensor.quantization, parameters, 0);
  });
}

function writeQuantization(builder: Builder, { scale, zeroPoint, axis }: Quantization): number {
  builder.startVector(4, scale.length, 4);
  for (const value of scale.toReversed()) builder.addFloat32(value);
  const scales = builder.endVector();
  builder.startVector(8, zeroPoint.length, 8);
  for (const value of zeroPoint.toReversed()) builder.addInt64(BigInt(value));
  const zeroPoints = builder.endVector();
  return writeTable(builder, 7, () => {
    builder.addFieldOffset(fields.quantization.scale, scales, 0);
    builder.addFieldOffset(fields.quantization.zeroPoint, zeroPoints, 0);
    builder.addFieldInt32(fields.quantization.axis, axis, 0);
  });
}

function writeOperator(
  builder: Builder,
  { op, inputs, output, options }: WrittenOperator,
  code: number,
  tensors: readonly WrittenTensor[],
): number {
  const inputOffset = writeInts(builder, inputs);
  const outputOffset = writeInts(builder, [output]);
  const layout = (optionFields as Readonly<Record<string, Readonly<Record<string, number>>>>)[op] ?? {};
  builder.forceDefaults(true);
  const optionsOffset = writeTable(builder, 8, () => {
    for (const [name, field] of Object.entries(layout)) {
      const value = options[name as keyof OperatorOptions];
      if (value === undefined) continue;
      if (byteOptions.has(name)) builder.addFieldInt8(field, value, 0);
      else builder.addFieldInt32(field, value, 0);
    }
    if (op === "MEAN") builder.addFieldInt8(keepDims, 1, 0);
    if (op === "CAST") {
      builder.addFieldInt8(castTypes.from, typeNumber(tensors[inputs[0] as number]), 0);
      builder.addFieldInt8(castTypes.to, typeNumber(tensors[output]), 0);
    }
  });
  builder.forceDefaults(false);
  const optionsType = optionTypes[op] ?? 0;
  return writeTable(builder, 5, () => {
    builder.addFieldInt32(fields.operator.code, code, 0);
    builder.addFieldOffset(fields.operator.inputs, inputOffset, 0);
    builder.addFieldOffset(fields.operator.outputs, outputOffset, 0);
    builder.addFieldInt8(fields.operator.optionsType, optionsType, 0);
    if (optionsType !== 0) builder.addFieldOffset(fields.operator.options, optionsOffset, 0);
  });
}

function writeSignature(builder: Builder, { inputs, outputs }: WrittenModel): number {
  const maps = (tensors: Readonly<Record<string, number>>) =>
    writeOffsets(
      builder,
      Object.entries(tensors)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, tensor]) => {
          const text = builder.createString(name);
          return writeTable(builder, 2, () => {
            builder.addFieldOffset(fields.tensorMap.name, text, 0);
            builder.addFieldInt32(fields.tensorMap.tensor, tensor, 0);
          });
        }),
    );
  const inputMaps = maps(inputs);
  const outputMaps = maps(outputs);
  const key = builder.createString("serving_default");
  return writeTable(builder, 5, () => {
    builder.addFieldOffset(fields.signature.inputs, inputMaps, 0);
    builder.addFieldOffset(fields.signature.outputs, outputMaps, 0);
    builder.addFieldOffset(fields.signature.key, key, 0);
  });
}

function typeNumber(tensor: WrittenTensor | undefined): number {
  return typeOf.get(tensor?.type ?? "float32") ?? 0;
}
