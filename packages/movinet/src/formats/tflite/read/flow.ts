import { elementCount, readConstant } from "./constants.ts";
import { refuse } from "./flatbuffer.ts";
import { fusedActivations, type OperatorOptions, type TfliteModel, type TfliteTensor } from "./schema.ts";

/** An operator; a fused activation has been split into an operator of its own. */
export interface FlowNode {
  readonly op: string;
  readonly inputs: readonly number[];
  readonly options: OperatorOptions;
  /** Position in the file. */
  readonly index: number;
}

/**
 * The data flow of a model, for reading backwards. A value is a number: a tensor index, or a larger one for the value
 * before a fused activation. Values with the same numbers in another shape, type or precision are one value.
 */
export interface Flow {
  readonly subject: string;
  readonly inputs: ReadonlySet<number>;
  readonly outputs: readonly number[];
  /** Names of all operators in the file. */
  readonly operators: ReadonlySet<string>;
  /** The value that `value` is a copy of; −1 for a missing input. */
  readonly source: (value: number) => number;
  /** The operator that computes a value; null for inputs and constants. */
  readonly node: (value: number) => FlowNode | null;
  /** The tensor of a value; undefined for −1. */
  readonly tensor: (value: number) => TfliteTensor | undefined;
  /** The tensor of a constant; null for computed values and inputs. */
  readonly constant: (value: number) => TfliteTensor | null;
  /** The real number that all elements of a constant have, or null. */
  readonly uniform: (value: number) => number | null;
}

/** Most elements of a constant that may count as one number: a scalar, or one spread over a picture. */
const mostUniform = 2 ** 20;

/** Operators whose output has the numbers of their first input. */
const copies = new Set(["RESHAPE", "QUANTIZE", "DEQUANTIZE", "CAST", "BROADCAST_TO", "SQUEEZE", "EXPAND_DIMS"]);

/** Simplifies the operator graph of a file. Throws if operators are not in execution order. */
export function buildFlow(model: TfliteModel, subject: string): Flow {
  const { tensors, operators } = model;
  const nodes = new Map<number, FlowNode>();
  const sources = new Map<number, number>();
  const tensorOf = new Map<number, TfliteTensor>();
  const known = new Set(model.inputs);
  const read = new Set<number>();
  const uniforms = new Map<TfliteTensor, number | null>();

  const source = (value: number) => sources.get(value) ?? value;
  const tensor = (value: number) => tensorOf.get(source(value)) ?? tensors[source(value)];
  const node = (value: number) => nodes.get(source(value)) ?? null;
  const constant = (value: number) => {
    const at = source(value);
    return at >= 0 && !nodes.has(at) && !known.has(at) && tensors[at]?.data ? (tensors[at] ?? null) : null;
  };

  for (const [index, { op, inputs, outputs, options }] of operators.entries()) {
    for (const input of inputs) read.add(input);
    for (const output of outputs) {
      if (known.has(output) || read.has(output)) {
        throw refuse(subject, `operator ${index} (${op}) overwrites tensor ${output}`);
      }
      known.add(output);
      const first = inputs[0] ?? -1;
      if (first >= 0 && outputs.length === 1 && isCopy(op, tensors, first, output, inputs.length)) {
        sources.set(output, source(first));
        continue;
      }
      const values = inputs.map(source);
      const fused = fusedActivations[options.activation];
      if (fused === undefined) {
        nodes.set(output, { op, inputs: values, options, index });
      } else {
        const before = tensors.length + nodes.size;
        nodes.set(before, { op, inputs: values, options, index });
        nodes.set(output, { op: fused, inputs: [before], options, index });
        tensorOf.set(before, tensors[output] as TfliteTensor);
      }
    }
  }

  return {
    subject,
    inputs: new Set(model.inputs),
    outputs: model.outputs,
    operators: new Set(operators.map(({ op }) => op)),
    source,
    node,
    tensor,
    constant,
    uniform(value) {
      const found = constant(value);
      if (found === null || (found.quantization === null && !/float/.test(found.type))) return null;
      if ((elementCount(found.shape) ?? 0) > mostUniform) return null;
      let number = uniforms.get(found);
      if (number === undefined) {
        const values = readConstant(found, subject);
        const [first] = values;
        number = first !== undefined && values.every((other) => other === first) ? first : null;
        uniforms.set(found, number);
      }
      return number;
    },
  };
}

function isCopy(op: string, tensors: readonly TfliteTensor[], from: number, to: number, inputs: number): boolean {
  if (copies.has(op) || (op === "CONCATENATION" && inputs === 1)) return true;
  if (op !== "STRIDED_SLICE" && op !== "SLICE") return false;
  const count = elementCount(tensors[from]?.shape ?? []);
  return count !== null && count === elementCount(tensors[to]?.shape ?? []);
}
