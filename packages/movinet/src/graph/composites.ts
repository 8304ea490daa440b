import type { Composite, Op } from "./nodes.ts";

/** The composite ops, each defined in its own file: one row per op. */
export const composites = {};

type Definitions = typeof composites;
type NodeOfDefinition<Definition> = Definition extends Composite<infer Node> ? Node : never;
export type CompositeNode = NodeOfDefinition<Definitions[keyof Definitions]>;

/** The definition of a node's op, or undefined for ops that every reader knows. */
export function definitionOf<Node extends Op<string>>(node: Node): Composite<Node> | undefined {
  const definitions: object = composites;
  return (definitions as Readonly<Record<string, Composite<Node>>>)[node.op];
}
