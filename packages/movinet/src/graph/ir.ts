/**
 * The network as data: a list of nodes in execution order. A value is named after the node that makes it.
 *
 * Every value is a logical image `[frames · batch, channels, height, width]`, time-major (row `t · batch + b`), whatever
 * layout an emitter picks. The batch is no part of the graph: one graph serves any number of streams.
 */

import { type CompositeNode, definitionOf } from "./composites.ts";
import { type Access, type CoreNode, coreAccesses, namesOf, type Shape } from "./nodes.ts";

import type { NumberType } from "./precision.ts";

export * from "./nodes.ts";

export type Node = CoreNode | CompositeNode;
export type OpKind = CoreNode["op"];
export type NodeOf<Kind extends OpKind> = Extract<CoreNode, { op: Kind }>;

/** A table with one entry per op: a new op does not compile until every reader of the graph handles it. */
export type PerOp<Args extends readonly unknown[], Result> = {
  readonly [Kind in OpKind]: (node: NodeOf<Kind>, ...args: Args) => Result;
};

/** Calls the entry of a node's op, which must not be a composite. */
export function perOp<Args extends readonly unknown[], Result>(
  table: PerOp<Args, Result>,
  node: Node,
  ...args: Args
): Result {
  if (definitionOf(node)) throw new Error(`internal: ${node.op} ${node.id} was not lowered`);
  return (table[node.op as OpKind] as (node: Node, ...args: Args) => Result)(node, ...args);
}

/** What a parameter does in its layer. */
export type ParamRole =
  | "kernel"
  | "bias"
  /** Of a norm. */
  | "gamma"
  | "beta"
  | "mean"
  | "variance"
  /** One number that a residual branch is taken times. */
  | "factor"
  /** One number that a positional encoding is taken times. */
  | "encoding";

/** A tensor that belongs to the model; its name and row-major shape are canonical, or it is computed from others. */
export interface Param {
  readonly shape: readonly number[];
  readonly role: ParamRole;
  /** The layer that it belongs to, as the architecture calls it. */
  readonly owner: string;
  /** Default: float32. */
  readonly type?: NumberType;
  readonly derivation?: Derivation;
}

/** Whether a parameter is a norm's moving statistic, which no gradient reaches. */
export function isStatistic(param: Param | undefined): boolean {
  return param?.role === "mean" || param?.role === "variance";
}

/** How a pass made a parameter out of others. Channels are the last axis: element `i` belongs to `i mod channels`. */
export type Derivation =
  /** `kernel · gamma / √(variance + epsilon)` */
  | { readonly kind: "foldKernel"; readonly kernel: string; readonly gamma: string; readonly variance: string }
  /** `beta + (bias − mean) · gamma / √(variance + epsilon)` */
  | {
      readonly kind: "foldBias";
      readonly bias: string | null;
      readonly gamma: string;
      readonly beta: string;
      readonly mean: string;
      readonly variance: string;
    }
  /** `base · factor`, where `factor` has one element. */
  | { readonly kind: "scaled"; readonly base: string; readonly factor: string }
  /** `scale · base + shift` */
  | { readonly kind: "affine"; readonly base: string; readonly scale: number; readonly shift: number };

/** What a stream carries from one call to the next, under Google's names and in Google's order (spec §3.1). */
export type State = { readonly name: string /** As of a {@link Param}. */; readonly owner: string } & (
  | {
      readonly kind: "buffer";
      /** Inputs, oldest frame first. */
      readonly slots: readonly string[];
      /** Values of the newest frames, oldest first: as many as the call brings, at most as many as there are slots. */
      readonly newest: readonly string[];
      /** Of one frame. */
      readonly shape: Shape;
    }
  | {
      readonly kind: "sum";
      readonly input: string;
      readonly output: string;
      readonly shape: Shape;
    }
  /** Frames so far; `of` is the running sum or the positional encoding that they are counted for. */
  | { readonly kind: "count"; readonly of: string }
);

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly shapes: Readonly<Record<string, Shape>>;
  /** What the values are that are not float32. */
  readonly types?: Readonly<Record<string, NumberType>>;
  readonly params: Readonly<Record<string, Param>>;
  /** What the network says: the value of each output by name, the one that it is for first. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly states: readonly State[];
  /** Values of interest, by the names of the reference implementation: `stem`, `block0_layer0`, …, `head`. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** New frames in a call. */
  readonly frames: number;
}

/** A graph without composites. */
export interface CoreGraph extends Graph {
  readonly nodes: readonly CoreNode[];
}

/** Epsilon of every normalization (spec §2.10). */
export const normEpsilon = 1e-3;

function accessesOf(node: Node): Readonly<Record<string, Access>> {
  return definitionOf(node)?.accesses ?? coreAccesses[node.op as OpKind];
}

/** The values that a node reads. */
export function inputsOf(node: Node): readonly string[] {
  return namesOf(node, accessesOf(node), "value");
}

/** The parameters that a node reads. */
export function paramsOf(node: Node): readonly string[] {
  return namesOf(node, accessesOf(node), "param");
}

/** The same node with its value inputs renamed. */
export function withInputs(node: Node, rename: (value: string) => string): Node {
  const accesses = accessesOf(node);
  const fields = Object.entries(node).map(([field, names]: [string, string | null | readonly string[]]) => {
    if (accesses[field] !== "value" || names === null) return [field, names];
    return [field, typeof names === "string" ? rename(names) : names.map(rename)];
  });
  return Object.fromEntries(fields);
}

/** Throws where a graph has other numbers than float32, of which its reader knows nothing. */
export function requireFloats({ types = {}, params }: Graph, reader: string): void {
  const all = [...Object.entries(types), ...Object.entries(params).map(([name, { type }]) => [name, type] as const)];
  const [name, type] = all.find(([, found]) => found !== undefined && found.dtype !== "float32") ?? [];
  if (type) throw new Error(`internal: ${name} is ${type.dtype}, and ${reader} knows float32 alone`);
}

/** The value of an output; without a name that of the first, for which the network is. */
export function outputOf(graph: Graph, name = Object.keys(graph.outputs)[0] ?? ""): string {
  const value = graph.outputs[name];
  if (value === undefined) throw new Error(`internal: ${graph.name} has no output ${name}`);
  return value;
}

/** The values that leave the graph: its outputs first, then what the states need. */
export function outputsOf(graph: Graph): readonly string[] {
  const values = Object.values(graph.outputs);
  for (const state of graph.states) {
    if (state.kind === "buffer") values.push(...state.newest);
    if (state.kind === "sum") values.push(state.output);
  }
  return values;
}

/** Tells the node that alone reads a value, once, where the value does not leave the graph. */
export function onlyReaders(graph: Graph): (value: string) => Node | undefined {
  const readers = new Map<string, Node | undefined>();
  for (const node of graph.nodes) {
    for (const value of inputsOf(node)) readers.set(value, readers.has(value) ? undefined : node);
  }
  for (const value of outputsOf(graph)) readers.set(value, undefined);
  return (value) => readers.get(value);
}
