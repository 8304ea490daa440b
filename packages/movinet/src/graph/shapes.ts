import { definitionOf } from "./composites.ts";
import { type Graph, inputsOf, type Node, type Param, type PerOp, perOp, type Shape } from "./ir.ts";

/** SAME padding of one axis (spec §2.2). */
export function samePadding(size: number, kernel: number, stride: number): { begin: number; end: number } {
  const overlap = ((size - 1) % stride) + 1;
  const total = Math.max(kernel - overlap, 0);
  const begin = Math.floor(total / 2);
  return { begin, end: total - begin };
}

type Shapes = Readonly<Record<string, Shape>>;
type Params = Readonly<Record<string, Param>>;

function fail(node: Node, rule: string): never {
  throw new Error(`internal: ${node.op} ${node.id}: ${rule}`);
}

function shapeOf(shapes: Shapes, node: Node, value: string): Shape {
  return shapes[value] ?? fail(node, `reads ${value}, which no earlier node makes`);
}

function checkElements(node: Node, params: Params, name: string | null, expected: number): void {
  if (name === null) return;
  const param = params[name] ?? fail(node, `reads the undeclared parameter ${name}`);
  const got = elementsOf(param.shape);
  if (got !== expected) fail(node, `expected ${expected} elements in ${name}, got ${got} [${param.shape}]`);
}

/** Number of elements of a row-major shape. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function sameShape(node: Node, a: Shape, b: Shape, except?: keyof Shape): void {
  for (const axis of ["frames", "channels", "height", "width"] as const) {
    if (axis !== except && a[axis] !== b[axis]) fail(node, `${axis} differ: ${a[axis]} and ${b[axis]}`);
  }
}

function strided(shape: Shape, stride: number): Shape {
  return { ...shape, height: Math.ceil(shape.height / stride), width: Math.ceil(shape.width / stride) };
}

function allAlike(node: Node & { xs: readonly string[] }, shapes: Shapes, axis: keyof Shape): Shape {
  const [first, ...rest] = node.xs.map((x) => shapeOf(shapes, node, x));
  if (!first) return fail(node, "has no inputs");
  for (const other of rest) sameShape(node, first, other, axis);
  return { ...first, [axis]: rest.reduce((sum, other) => sum + other[axis], first[axis]) };
}

const rules = {
  input: (node) => node.shape,
  conv(node, shapes, params) {
    const x = shapeOf(shapes, node, node.x);
    checkElements(node, params, node.kernel, node.size * node.size * x.channels * node.filters);
    checkElements(node, params, node.bias, node.filters);
    return { ...strided(x, node.stride), channels: node.filters };
  },
  depthwise(node, shapes, params) {
    const x = shapeOf(shapes, node, node.x);
    const { taps, tap, before, after } = node.time;
    const declared = elementsOf(params[node.kernel]?.shape ?? [0]) / (node.size * node.size * x.channels);
    if (!Number.isInteger(declared) || tap + taps > declared) {
      fail(node, `reads taps ${tap}..${tap + taps} of ${node.kernel} [${params[node.kernel]?.shape}]`);
    }
    checkElements(node, params, node.bias, x.channels);
    const frames = before + x.frames + after - (taps - 1);
    if (frames < 1) fail(node, `${taps} time taps need more than ${x.frames} frames`);
    return { ...strided(x, node.stride), frames };
  },
  norm(node, shapes, params) {
    const x = shapeOf(shapes, node, node.x);
    for (const name of [node.gamma, node.beta, node.mean, node.variance]) checkElements(node, params, name, x.channels);
    return x;
  },
  activation: (node, shapes) => shapeOf(shapes, node, node.x),
  averagePool: (node, shapes) => strided(shapeOf(shapes, node, node.x), 2),
  spatialMean: (node, shapes) => ({ ...shapeOf(shapes, node, node.x), height: 1, width: 1 }),
  frameMean: (node, shapes) => ({ ...shapeOf(shapes, node, node.x), frames: 1 }),
  cumulativeSum(node, shapes) {
    const x = shapeOf(shapes, node, node.x);
    if (node.initial !== null) sameShape(node, { ...x, frames: 1 }, shapeOf(shapes, node, node.initial));
    return x;
  },
  slice(node, shapes) {
    const x = shapeOf(shapes, node, node.x);
    if (node.start < 0 || node.count < 1 || node.start + node.count > x.frames) {
      fail(node, `frames ${node.start}..${node.start + node.count} of ${x.frames}`);
    }
    return { ...x, frames: node.count };
  },
  join: (node, shapes) => allAlike(node, shapes, "frames"),
  pad(node, shapes) {
    const x = shapeOf(shapes, node, node.x);
    return { ...x, frames: node.before + x.frames + node.after };
  },
  repeat(node, shapes) {
    const x = shapeOf(shapes, node, node.x);
    if (x.frames !== 1) fail(node, `expected 1 frame, got ${x.frames}`);
    return { ...x, frames: node.count };
  },
  concat: (node, shapes) => allAlike(node, shapes, "channels"),
  add(node, shapes) {
    const a = shapeOf(shapes, node, node.a);
    sameShape(node, a, shapeOf(shapes, node, node.b));
    return a;
  },
  multiply(node, shapes) {
    const a = shapeOf(shapes, node, node.a);
    const b = shapeOf(shapes, node, node.b);
    if (a.frames !== b.frames) fail(node, `frames differ: ${a.frames} and ${b.frames}`);
    for (const axis of ["channels", "height", "width"] as const) {
      if (b[axis] !== 1 && b[axis] !== a[axis]) fail(node, `${axis} differ: ${a[axis]} and ${b[axis]}`);
    }
    return a;
  },
  scale(node, shapes, params) {
    checkElements(node, params, node.factor, 1);
    return shapeOf(shapes, node, node.x);
  },
  positionalEncoding(node, shapes) {
    const x = shapeOf(shapes, node, node.x);
    if (x.channels * x.height * x.width !== 1) fail(node, "the position must be one number per frame");
    return { ...x, channels: node.channels };
  },
} satisfies PerOp<[Shapes, Params], Shape>;

/** The output shape of a node for its inputs; throws `internal: …` if they do not match. */
export function inferShape(node: Node, shapes: Shapes, params: Params): Shape {
  const definition = definitionOf(node);
  if (!definition) return perOp(rules, node, shapes, params);
  const made = { ...shapes };
  for (const part of definition.lower(node)) made[part.id] = perOp<[Shapes, Params], Shape>(rules, part, made, params);
  return shapeOf(made, node, node.id);
}

/** The same graph with other nodes: shapes are inferred again, and unused parameters and shapes dropped. */
export function rebuild(graph: Graph, nodes: readonly Node[], params: Params): Graph {
  const shapes: Record<string, Shape> = {};
  for (const node of nodes) {
    if (shapes[node.id]) fail(node, "duplicate id");
    shapes[node.id] = inferShape(node, shapes, params);
  }
  return { ...graph, nodes, shapes, params };
}

/** Multiply–accumulates per call for one stream, convolutions only (spec §1.6). */
export function macsOf(node: Node, graph: Graph): number {
  const out = graph.shapes[node.id] as Shape;
  const positions = out.frames * out.height * out.width;
  if (node.op === "conv") {
    const input = graph.shapes[inputsOf(node)[0] as string] as Shape;
    return positions * node.size * node.size * input.channels * node.filters;
  }
  if (node.op === "depthwise") return positions * node.size * node.size * node.time.taps * out.channels;
  return 0;
}
