/** Which tensor of a file is which value of the graph that computes the same. */
import { type Graph, type Node, outputOf, type Shape } from "../../../graph/ir.ts";
import type { Flow, FlowNode } from "./flow.ts";
import type { TfliteModel, TfliteTensor } from "./schema.ts";

/** What a graph and a file have in common. */
export interface FlowMatch {
  /** The tensor of each value, as its readers see it: after a `QUANTIZE` or `DEQUANTIZE`. */
  readonly values: ReadonlyMap<string, TfliteTensor>;
  /** Those of each convolution and each product with a constant, by its node. */
  readonly constants: ReadonlyMap<string, { readonly kernel: TfliteTensor; readonly bias: TfliteTensor | null }>;
}

/** A value computed in another way than in the graph. */
export class NoMatch extends Error {}

/** Walks a graph with the steps of a converter and a file's operators together, back from the logits. Throws {@link NoMatch}. */
export function matchFlow(graph: Graph, { tensors, operators }: TfliteModel, flow: Flow): FlowMatch {
  const made = new Map(graph.nodes.map((node) => [node.id, node]));
  const values = new Map<string, TfliteTensor>();
  const sources = new Map<string, number>();
  const constants = new Map<string, { kernel: TfliteTensor; bias: TfliteTensor | null }>();

  /** What an operator reads, before copies of a value in another type count as one. */
  const readBy = ({ index, inputs }: FlowNode) =>
    inputs.map((value, i) => (value >= tensors.length ? value : (operators[index]?.inputs[i] ?? -1)));

  function visit(value: string, at: number): void {
    const source = flow.source(at);
    const known = sources.get(value);
    if (known !== undefined && known !== source) throw new NoMatch(`it computes ${value} twice`);
    note(value, at);
    if (known !== undefined) return;
    sources.set(value, source);
    note(value, source);
    const node = made.get(value) as Node;
    const found = flow.node(at);
    if (found === null) {
      if (node.op !== "input") throw new NoMatch(`it has no operator for ${value}`);
    } else pair(node, found);
  }

  /** A tensor of the value: of its integers, if it has any. */
  function note(value: string, at: number): void {
    const tensor = tensors[at];
    if (tensor === undefined) return;
    const before = values.get(value);
    const integers = before !== undefined && before.type !== "float32" && tensor.type !== "float32";
    if (integers && gridOf(before) !== gridOf(tensor)) throw new NoMatch(`${value} has two grids`);
    if (before === undefined || before.type === "float32") values.set(value, tensor);
  }

  function pair(node: Node, found: FlowNode): void {
    const read = readBy(found);
    const [first = -1, second = -1, third = -1] = read;
    const isPair = (mine: readonly string[], theirs: readonly number[]) =>
      mine.every((value, i) => looksLike(made.get(value) as Node, theirs[i] as number, flow));
    const inAnyOrder = (a: string, b: string) => {
      const [x, y] = isPair([a, b], [first, second]) ? [first, second] : [second, first];
      if (!isPair([a, b], [x, y])) throw new NoMatch(`${node.id} does not join ${a} and ${b}`);
      visit(a, x);
      visit(b, y);
    };
    if (!looksLike(node, found, flow)) throw new NoMatch(`${node.id} is computed by ${found.op}`);
    switch (node.op) {
      case "conv":
      case "depthwise": {
        const padded = flow.node(first);
        visit(node.x, padded?.op === "PAD" ? (readBy(padded)[0] ?? -1) : first);
        const kernel = flow.constant(second);
        if (kernel === null) throw new NoMatch(`the weights of ${node.id} are computed`);
        constants.set(node.id, { kernel, bias: flow.constant(third) });
        return;
      }
      case "activation":
      case "averagePool":
        visit(node.x, first);
        return;
      case "spatialMean": {
        const sum = flow.uniform(second) === null ? second : first;
        const summed = found.op === "MUL" ? flow.node(sum) : found;
        if (summed === null || (summed !== found && !isSameGrid(node.x, tensors[sum], values.get(node.id)))) {
          throw new NoMatch(`${node.id} is no mean`);
        }
        visit(node.x, readBy(summed)[0] ?? -1);
        return;
      }
      case "scale":
        visit(node.x, flow.uniform(second) === null ? second : first);
        return;
      case "cumulativeSum":
        inAnyOrder(node.x, node.initial as string);
        return;
      case "multiply": {
        const other = made.get(node.b);
        // The count of frames, in whatever form it comes.
        if (other?.op === "input") visit(node.a, flow.node(first)?.op === "ADD" ? first : second);
        else inAnyOrder(node.a, node.b);
        return;
      }
      case "add":
        inAnyOrder(node.a, node.b);
        return;
      case "concat":
        for (const [i, x] of node.xs.entries()) visit(x, read[i] ?? -1);
        return;
      case "join": {
        for (const slot of node.xs.slice(0, -1)) {
          note(slot, first);
          note(slot, flow.source(first));
        }
        visit(node.xs.at(-1) as string, second);
        return;
      }
      default:
        throw new NoMatch(`the step ${node.id} (${node.op}) is not known in integers`);
    }
  }

  /** Whether a sum has the integers of its mean, so that dividing it rounds nothing. */
  function isSameGrid(summed: string, sum: TfliteTensor | undefined, mean: TfliteTensor | undefined): boolean {
    const { height, width } = graph.shapes[summed] as Shape;
    const [[step = 0, other = 0], [zero, another]] = [
      [sum?.quantization?.scale[0], mean?.quantization?.scale[0]],
      [sum?.quantization?.zeroPoint[0], mean?.quantization?.zeroPoint[0]],
    ];
    return Math.abs(step / (height * width * other) - 1) < 1e-6 && zero === another;
  }

  const logits = flow.outputs.find(
    (value) => flow.node(value)?.op === "CONV_2D" || flow.node(value)?.op === "FULLY_CONNECTED",
  );
  if (logits === undefined) throw new NoMatch("its output is not that of its last layer");
  visit(outputOf(graph), logits);
  return { values, constants };
}

function gridOf({ quantization }: TfliteTensor): string {
  return `${quantization?.scale} ${quantization?.zeroPoint}`;
}

/** Operators that can compute a node. */
const operatorsOf: Readonly<Record<string, readonly string[]>> = {
  conv: ["CONV_2D", "FULLY_CONNECTED"],
  depthwise: ["DEPTHWISE_CONV_2D"],
  relu6: ["RELU6"],
  hard_swish: ["HARD_SWISH"],
  sigmoid: ["LOGISTIC"],
  averagePool: ["AVERAGE_POOL_2D"],
  spatialMean: ["MEAN", "AVERAGE_POOL_2D", "SUM"],
  cumulativeSum: ["ADD"],
  multiply: ["MUL", "DIV"],
  add: ["ADD"],
  concat: ["CONCATENATION"],
  join: ["CONCATENATION"],
};

/** Whether a value of the file may be that of a node, by the operator that computes it. */
function looksLike(node: Node, value: number | FlowNode, flow: Flow): boolean {
  const found = typeof value === "number" ? flow.node(value) : value;
  if (node.op === "input") return found === null;
  if (found === null) return false;
  const [a = -1, b = -1] = found.inputs;
  const isScaled = found.op === "MUL" && (flow.uniform(a) ?? flow.uniform(b)) !== null;
  if (node.op === "scale") return isScaled;
  if (node.op === "spatialMean" && isScaled) return [a, b].some((x) => flow.node(x)?.op === "SUM");
  const kind = node.op === "activation" ? node.kind : node.op;
  return !isScaled && (operatorsOf[kind]?.includes(found.op) ?? false);
}
