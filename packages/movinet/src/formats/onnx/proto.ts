/** The part of the ONNX protobuf schema that we write and read (onnx.proto3): the only place with field numbers. */
import { PbfReader, PbfWriter } from "pbf";
import { versionsOf } from "./versions.ts";

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** Unsigned 16-bit numbers are halves, as bits. */
  readonly data: Float32Array | Uint16Array | BigInt64Array | Uint8Array | Int8Array | Int32Array;
}
export type OnnxAttribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };
export interface OnnxNode {
  readonly op: string;
  /** Operator set of the op; default: the standard one. */
  readonly domain?: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}
/** A float32 value of the graph's interface; a string names a dynamic dimension. */
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

export const elementType = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7, float16: 10 };
const dataLocation = { external: 1 };
const attributeType = { float: 1, int: 2, string: 3, floats: 6, ints: 7 };

/**
 * Serializes a graph as an ONNX ModelProto of the oldest version that has its operators, with metadata texts by name.
 * With `outside` constants, float constants are declared without data, which is passed to a session separately.
 */
export function writeOnnx(
  graph: OnnxGraph,
  metadata: Readonly<Record<string, string>> = {},
  constants: "inside" | "outside" = "inside",
): Uint8Array {
  const pbf = new PbfWriter();
  const { opset, ir } = versionsOf(graph.nodes.flatMap(({ op, domain }) => (domain ? [] : [op])));
  pbf.writeVarintField(1, ir);
  pbf.writeStringField(2, "movinet");
  pbf.writeMessage(7, writeGraph, { graph, writeConstant: constants === "inside" ? writeTensor : writeOutside });
  pbf.writeMessage(8, writeOperatorSet, { domain: "", version: opset });
  for (const domain of new Set(graph.nodes.flatMap((node) => node.domain ?? []))) {
    pbf.writeMessage(8, writeOperatorSet, { domain, version: 1 });
  }
  for (const entry of Object.entries(metadata)) pbf.writeMessage(14, writeEntry, entry);
  return pbf.finish();
}

interface Written {
  readonly graph: OnnxGraph;
  readonly writeConstant: (tensor: OnnxTensor, pbf: PbfWriter) => void;
}

function writeGraph({ graph, writeConstant }: Written, pbf: PbfWriter): void {
  for (const node of graph.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, graph.name);
  for (const tensor of graph.initializers) pbf.writeMessage(5, writeConstant, tensor);
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

/**
 * A float constant with external data in a file that need not have content: a session that receives the data never
 * reads it.
 */
function writeOutside(tensor: OnnxTensor, pbf: PbfWriter): void {
  const { name, dims, data } = tensor;
  if (!(data instanceof Float32Array)) {
    writeTensor(tensor, pbf);
    return;
  }
  pbf.writePackedVarint(1, [...dims]);
  pbf.writeVarintField(2, typeOf(data));
  pbf.writeStringField(8, name);
  pbf.writeMessage(13, writeEntry, ["location", "."]);
  pbf.writeVarintField(14, dataLocation.external);
}

function typeOf(data: OnnxTensor["data"]): number {
  if (data instanceof Float32Array) return elementType.float;
  if (data instanceof Uint16Array) return elementType.float16;
  if (data instanceof Uint8Array) return elementType.uint8;
  if (data instanceof Int8Array) return elementType.int8;
  return data instanceof Int32Array ? elementType.int32 : elementType.int64;
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
  for (const dim of dims) pbf.writeMessage(1, writeDim, dim);
}

function writeDim(dim: number | string, pbf: PbfWriter): void {
  if (typeof dim === "number") pbf.writeVarintField(1, dim);
  else pbf.writeStringField(2, dim);
}

/** The parts of a file that we read: enough to identify it, and its constants. */
export interface ReadOnnx {
  /** Texts by name. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Constants with data in the file, by name. */
  readonly tensors: ReadonlyMap<string, ReadOnnxTensor>;
  /** Operators that run other graphs (loops, branches), local functions, and external data. */
  readonly refused: ReadonlySet<string>;
}

export interface ReadOnnxTensor {
  readonly dims: readonly number[];
  readonly type: number;
  /** A view of the file, little-endian, row-major. */
  readonly data: Uint8Array;
}

/** Limits beyond any of our files: A5, the largest, has some thousand nodes and constants. */
const most = { parts: 100_000, dims: 8, textBytes: 2 ** 25 } as const;

type ReadField = (field: number, pbf: PbfReader) => void;

/** Reads a file. Throws an `Error` if the bytes are not a protocol buffer, truncated, or too complex. */
export function readOnnx(bytes: Uint8Array): ReadOnnx {
  const metadata: Record<string, string> = {};
  const tensors = new Map<string, ReadOnnxTensor>();
  const refused = new Set<string>();
  let [parts, textBytes] = [0, 0];
  const pbf = new PbfReader(bytes);

  function fields(end: number, read: ReadField): void {
    if (!(end <= bytes.length)) throw new Error("it is truncated");
    pbf.readFields((field, _, reader) => read(field, reader), null, end);
    if (pbf.pos !== end) throw new Error("a message ends inside another one");
  }
  function message(read: ReadField): void {
    if (++parts > most.parts) throw new Error(`it has more than ${most.parts} parts`);
    const length = pbf.readVarint();
    fields(pbf.pos + length, read);
  }
  function text(): string {
    const data = pbf.readBytes();
    textBytes += data.length;
    if (textBytes > most.textBytes) throw new Error("its strings are too long");
    return new TextDecoder().decode(data);
  }
  const entry = () => {
    let [key, value] = ["", ""];
    message((field) => {
      if (field === 1) key = text();
      if (field === 2) value = text();
    });
    metadata[key] = value;
  };
  const node = () => {
    let [op, inner] = ["", false];
    message((field) => {
      if (field === 4) op = text();
      if (field === 5) {
        message((part) => {
          if (part === 6 || part === 11) inner = true;
        });
      }
    });
    if (inner || controlFlow.has(op)) refused.add(`the operator ${op}`);
  };
  const tensor = () => {
    let [name, type] = ["", 0];
    let data: Uint8Array | null = null;
    const dims: number[] = [];
    message((field) => {
      if (field === 1) pbf.readPackedVarint(dims);
      if (field === 2) type = pbf.readVarint();
      if (field === 8) name = text();
      if (field === 9) data = pbf.readBytes();
      if (field === 13 || field === 14) refused.add("external data");
      if (dims.length > most.dims) throw new Error("a constant has too many dimensions");
    });
    if (data !== null) tensors.set(name, { dims, type, data });
  };
  const graph = () =>
    message((field) => {
      if (field === 1) node();
      if (field === 5) tensor();
      if (field === 15) refused.add("sparse constants");
    });

  fields(bytes.length, (field) => {
    if (field === 7) graph();
    if (field === 14) entry();
    if (field === 25) refused.add("local functions");
  });
  return { metadata, tensors, refused };
}

/** Operators that run graphs. */
const controlFlow: ReadonlySet<string> = new Set(["Loop", "Scan", "If", "SequenceMap"]);
