/**
 * The network as data: a list of nodes in execution order. A value is named after the node that computes it.
 *
 * Every value is a logical image `[frames · batch, channels, height, width]`, time-major (row `t · batch + b`),
 * whatever layout an emitter picks. The batch is not part of the graph: one graph serves any number of streams.
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

/** Calls the entry for a node's op, which must not be a composite. */
export function perOp<Args extends readonly unknown[], Result>(
  table: PerOp<Args, Result>,
  node: Node,
  ...args: Args
): Result {
  if (definitionOf(node)) throw new Error(`internal: ${node.op} ${node.id} was not lowered`);
  return (table[node.op as OpKind] as (node: Node, ...args: Args) => Result)(node, ...args);
}

/** The role of a parameter in its layer. */
export type ParamRole =
  | "kernel"
  | "bias"
  /** Of a norm. */
  | "gamma"
  | "beta"
  | "mean"
  | "variance"
  /** The factor of a residual branch: one number. */
  | "factor"
  /** The factor of a positional encoding: one number. */
  | "encoding";

/** A tensor of the model, with a canonical name and row-major shape, or one computed from others. */
export interface Param {
  readonly shape: readonly number[];
  readonly role: ParamRole;
  /** The layer that owns it, named as in the architecture. */
  readonly owner: string;
  /** Default: float32. */
  readonly type?: NumberType;
  readonly derivation?: Derivation;
}

/** Whether a parameter is a norm's moving statistic, which no gradient reaches. */
export function isStatistic(param: Param | undefined): boolean {
  return param?.role === "mean" || param?.role === "variance";
}

/** How a pass computed a parameter from others. Channels are the last axis: element `i` belongs to `i mod channels`. */
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
  | { readonly kind: "affine"; readonly base: string; readonly scale: number; readonly shift: number }
  /** A number of the architecture, whatever the weights are. */
  | { readonly kind: "number"; readonly value: number };

/** The state of a stream between calls, with Google's names in Google's order (spec §3.1). */
export type State = { readonly name: string /** As in {@link Param}. */; readonly owner: string } & (
  | {
      readonly kind: "buffer";
      /** Inputs, oldest frame first. */
      readonly slots: readonly string[];
      /** Values of the newest frames, oldest first: one per frame of the call, at most the number of slots. */
      readonly newest: readonly string[];
      /** Shape of one frame. */
      readonly shape: Shape;
    }
  | {
      readonly kind: "sum";
      readonly input: string;
      readonly output: string;
      readonly shape: Shape;
    }
  /** Frames so far; `of` is the running sum or positional encoding that uses the count. */
  | { readonly kind: "count"; readonly of: string }
);

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly shapes: Readonly<Record<string, Shape>>;
  /** The types of values that are not float32. */
  readonly types?: Readonly<Record<string, NumberType>>;
  readonly params: Readonly<Record<string, Param>>;
  /** The outputs: their values by name, the main one first. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly states: readonly State[];
  /** Values of interest, by their names in the reference implementation: `stem`, `block0_layer0`, …, `head`. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** New frames per call. */
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

/** Throws if a graph has types other than float32, which its reader does not support. */
export function requireFloats({ types = {}, params }: Graph, reader: string): void {
  const all = [...Object.entries(types), ...Object.entries(params).map(([name, { type }]) => [name, type] as const)];
  const [name, type] = all.find(([, found]) => found !== undefined && found.dtype !== "float32") ?? [];
  if (type) throw new Error(`internal: ${name} is ${type.dtype}, but ${reader} supports only float32`);
}

/** The value of an output; without a name, that of the first (main) one. */
export function outputOf(graph: Graph, name = Object.keys(graph.outputs)[0] ?? ""): string {
  const value = graph.outputs[name];
  if (value === undefined) throw new Error(`internal: ${graph.name} has no output ${name}`);
  return value;
}

/** The values that leave the graph: its outputs first, then those needed by states. */
export function outputsOf(graph: Graph): readonly string[] {
  const values = Object.values(graph.outputs);
  for (const state of graph.states) {
    if (state.kind === "buffer") values.push(...state.newest);
    if (state.kind === "sum") values.push(state.output);
  }
  return values;
}

/** Returns a lookup for the only reader of a value, if it has exactly one and does not leave the graph. */
export function onlyReaders(graph: Graph): (value: string) => Node | undefined {
  const readers = new Map<string, Node | undefined>();
  for (const node of graph.nodes) {
    for (const value of inputsOf(node)) readers.set(value, readers.has(value) ? undefined : node);
  }
  for (const value of outputsOf(graph)) readers.set(value, undefined);
  return (value) => readers.get(value);
}
