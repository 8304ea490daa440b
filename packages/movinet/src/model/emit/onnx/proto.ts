/** The part of the ONNX protobuf schema that we write (onnx.proto3, IR version 10): field numbers live here only. */
import { PbfReader, PbfWriter } from "pbf";

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** Numbers of 16 bits are halves, by their bits. */
  readonly data: Float32Array | Uint16Array | BigInt64Array;
}
export type OnnxAttribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };
export interface OnnxNode {
  readonly op: string;
  /** Operator set of the op; the standard one when absent. */
  readonly domain?: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}
/** A float32 value of the graph's interface; a string names a dimension that is known at run time. */
export interface OnnxValue {
  readonly name: string;
  readonly dims: readonly (number | string)[];
}
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Of the files that we write; ONNX Runtime reads them from 1.18 on. */
export const irVersion = 10;
export const opset = 20;
export const elementType = { float: 1, int64: 7, float16: 10 };
const attributeType = { float: 1, int: 2, string: 3, floats: 6, ints: 7 };

/** Serializes a graph as an ONNX ModelProto, with texts by name as its metadata. */
export function writeOnnx(graph: OnnxGraph, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, irVersion);
  pbf.writeStringField(2, "movinet");
  pbf.writeMessage(7, writeGraph, graph);
  pbf.writeMessage(8, writeOperatorSet, { domain: "", version: opset });
  for (const domain of new Set(graph.nodes.flatMap((node) => node.domain ?? []))) {
    pbf.writeMessage(8, writeOperatorSet, { domain, version: 1 });
  }
  for (const entry of Object.entries(metadata)) pbf.writeMessage(14, writeEntry, entry);
  return pbf.finish();
}

function writeGraph(graph: OnnxGraph, pbf: PbfWriter): void {
  for (const node of graph.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, graph.name);
  for (const tensor of graph.initializers) pbf.writeMessage(5, writeTensor, tensor);
  for (const value of graph.inputs) pbf.writeMessage(11, writeValue, value);
  for (const value of graph.outputs) pbf.writeMessage(12, writeValue, value);
}

function writeEntry([key, value]: [string, string], pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

function writeOperatorSet({ domain, version }: { domain: string; version: number }, pbf: PbfWriter): void {
  pbf.writeStringField(1, domain);
  pbf.writeVarintField(2, version);
}

function writeNode(node: OnnxNode, pbf: PbfWriter): void {
  for (const input of node.inputs) pbf.writeStringField(1, input);
  for (const output of node.outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(3, node.name);
  pbf.writeStringField(4, node.op);
  for (const attribute of Object.entries(node.attributes)) pbf.writeMessage(5, writeAttribute, attribute);
  if (node.domain) pbf.writeStringField(7, node.domain);
}

function writeAttribute([name, value]: [string, OnnxAttribute], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if (typeof value === "number") {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, attributeType.int);
  } else if (typeof value === "string") {
    pbf.writeBytesField(4, new TextEncoder().encode(value));
    pbf.writeVarintField(20, attributeType.string);
  } else if ("float" in value) {
    pbf.writeFloatField(2, value.float);
    pbf.writeVarintField(20, attributeType.float);
  } else if ("floats" in value) {
    pbf.writePackedFloat(7, [...value.floats]);
    pbf.writeVarintField(20, attributeType.floats);
  } else {
    pbf.writePackedVarint(8, [...value]);
    pbf.writeVarintField(20, attributeType.ints);
  }
}

function writeTensor({ name, dims, data }: OnnxTensor, pbf: PbfWriter): void {
  pbf.writePackedVarint(1, [...dims]);
  pbf.writeVarintField(2, typeOf(data));
  pbf.writeStringField(8, name);
  pbf.writeBytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function typeOf(data: OnnxTensor["data"]): number {
  if (data instanceof Float32Array) return elementType.float;
  return data instanceof Uint16Array ? elementType.float16 : elementType.int64;
}

function writeValue({ name, dims }: OnnxValue, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, (_: null, type) => type.writeMessage(1, writeTensorType, dims), null);
}

function writeTensorType(dims: readonly (number | string)[], pbf: PbfWriter): void {
  pbf.writeVarintField(1, elementType.float);
  pbf.writeMessage(2, writeDims, dims);
}

function writeDims(dims: readonly (number | string)[], pbf: PbfWriter): void {
  for (const dim of dims) {
    pbf.writeMessage(
      1,
      (value: number | string, out: PbfWriter) => {
        if (typeof value === "number") out.writeVarintField(1, value);
        else out.writeStringField(2, value);
      },
      dim,
    );
  }
}

/** The metadata of a file, texts by name; other parts of it are skipped. Throws where the bytes are no protobuf. */
export function readOnnxMetadata(bytes: Uint8Array): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = {};
  new PbfReader(bytes).readFields((field, _, pbf) => {
    if (field !== 14) return;
    const entry: [string, string] = ["", ""];
    const [key, value] = pbf.readMessage((part, read, message) => {
      if (part === 1 || part === 2) read[part - 1] = message.readString();
    }, entry);
    metadata[key] = value;
  }, null);
  return metadata;
}
