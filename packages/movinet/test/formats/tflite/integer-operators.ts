/** The operators of a file that compute with integers, to compare files. */
import { readStored } from "../../../src/formats/tflite/read/constants.ts";
import type { TfliteModel } from "../../../src/formats/tflite/read/schema.ts";

export interface IntegerOperator {
  readonly op: string;
  /** Grids of computed values; integers and grids of constants. */
  readonly inputs: readonly string[];
  readonly output: string;
  /** All of it. */
  readonly key: string;
}

/** Operators that only move numbers, in which the two differ. */
const moves = new Set("RESHAPE QUANTIZE DEQUANTIZE CONCATENATION STRIDED_SLICE SLICE BROADCAST_TO".split(" "));

/** What computes with integers in a file, with everything that decides about its numbers. */
export function integerOperators({ tensors, operators }: TfliteModel): readonly IntegerOperator[] {
  return operators.flatMap(({ op, inputs, outputs, options }) => {
    const [output] = outputs.map((index) => tensors[index]);
    if (moves.has(op) || output?.type !== "int8") return [];
    const described = inputs.flatMap((index) => {
      const tensor = tensors[index];
      if (!tensor?.quantization) return []; // the axes of a mean
      const { scale, zeroPoint } = tensor.quantization;
      if (tensor.data === null) return `${scale} ${zeroPoint}`;
      const stored = [...readStored(tensor, "file")];
      const numbers = new Set(stored).size === 1 ? stored.slice(0, 1) : stored;
      return `${tensor.type} ${numbers} at ${scale} ${zeroPoint[0]}`;
    });
    // Gates and residual scales may stand on either side of a product.
    const ordered = op === "MUL" || op === "ADD" ? described.toSorted() : described;
    const made = `${output.quantization?.scale} ${output.quantization?.zeroPoint}`;
    const key = [op, options.activation, options.strideHeight, ...ordered, made].join(" | ");
    return [{ op, inputs: described, output: made, key }];
  });
}

export function keysOf(operators: readonly IntegerOperator[]): readonly string[] {
  return operators.map(({ key }) => key).toSorted();
}
