import type { Composite, Op } from "./nodes.ts";

/** The ops that are written with others, each in a file of its own: a row for each. */
export const composites = {};

type Definitions = typeof composites;
type NodeOfDefinition<Definition> = Definition extends Composite<infer Node> ? Node : never;
export type CompositeNode = NodeOfDefinition<Definitions[keyof Definitions]>;

/** The definition of a node's op, or undefined where it is one that every reader knows. */
export function definitionOf<Node extends Op<string>>(node: Node): Composite<Node> | undefined {
  const definitions: object = composites;
  return (definitions as Readonly<Record<string, Composite<Node>>>)[node.op];
}
