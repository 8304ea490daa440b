import type { DepthwiseNode, InputNode, MultiplyNode, PositionalEncodingNode } from "../../../graph/ir.ts";
import type { WrittenModel } from "./write.ts";

/** The differences between the file forms of a network: its inputs and outputs, and what touches them. */
export interface Form {
  /** Binds an input of the graph to a tensor, or does nothing if the form replaces it. */
  input(node: InputNode): void;
  /** Emits a convolution over time alone, with its kernel `[1, taps, 1, channels]` and its bias. */
  temporal(node: DepthwiseNode, kernel: number, bias: number): void;
  /** Emits a running mean, or returns false for an ordinary product. */
  average(node: MultiplyNode): boolean;
  /** The index of each frame as float32 `[frames, 1, 1, 1]`. */
  position(node: PositionalEncodingNode): number;
  /** Emits what turns a value into outputs; called as soon as it exists, while it is still in the processor's cache. */
  leave(value: string): void;
  /** After all nodes: the tensors by signature name. */
  finish(): Pick<WrittenModel, "inputs" | "outputs">;
}
