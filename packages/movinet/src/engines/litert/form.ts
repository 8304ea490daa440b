import { ModelError } from "../../common/errors.ts";
import { listed } from "../../common/printable.ts";
import type { StateFacts } from "../../session/session-rules.ts";
import type { StreamState } from "../../session/stream-session.ts";
import { elementsOf, type RuntimeTensor, type TensorFacts, type TfliteExecutable } from "./runtime.ts";

/** What one stream carries through a file. */
export interface Held {
  /** What the next run takes, by the names of the file's inputs: the states, and room for the picture. */
  tensors: Record<string, RuntimeTensor>;
  /** Frames seen. */
  age: number;
}

/** How a stream goes through a file: all that differs between the signatures that are known. */
export interface StreamForm {
  /** Of the picture. */
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** Google's names and shapes, whatever tensors the file has for them. */
  readonly states: readonly StateFacts[];
  /** States that the file hands back as they came: they are fed with zeros and belong to no snapshot. */
  readonly unused: readonly StateFacts[];
  /** The state of a stream that has seen nothing. */
  begin(): Held;
  /**
   * Takes one frame `[1, H, W, 3]`, which it has copied when it first waits, and returns what the file calls logits. Pools keep `keep` of their past at every frame
   * (1: all of it). What it replaces in `held` is disposed of.
   */
  advance(held: Held, picture: Float32Array, keep: number): Promise<Float32Array>;
  save(held: Held): StreamState;
  /** Of a state that was checked against {@link StreamForm.states}. */
  load(state: StreamState): Held;
  /** Frees what all streams share. */
  dispose(): void;
}

/** The picture of a signature, where it has one of the right rank. */
export function findPicture(
  inputs: readonly TensorFacts[],
  rank: number,
): { readonly height: number; readonly width: number } | null {
  const image = inputs.find(({ name }) => name === "image");
  if (image?.dtype !== "float32" || image.shape.length !== rank) return null;
  const [width = 0, height = 0] = image.shape.slice(0, -1).reverse();
  return elementsOf(image.shape) === height * width * 3 ? { height, width } : null;
}

/** The error for a signature that is none of those that are known. */
export function refuseSignature(problems: readonly string[], subject: string): ModelError {
  return new ModelError({
    code: "E_MODEL_SIGNATURE",
    subject,
    problem: `its signature is not that of a MoViNet stream (${listed(problems, 3)})`,
    remedy: "Use a file with the official exporter's signature, or one that movinet wrote",
  });
}

/** A tensor of zeros for each input. */
export function zerosFor(executable: TfliteExecutable, inputs: readonly TensorFacts[]): Record<string, RuntimeTensor> {
  return Object.fromEntries(
    inputs.map(({ name, shape, dtype }) => {
      const size = elementsOf(shape);
      return [name, executable.upload(name, dtype === "int32" ? new Int32Array(size) : new Float32Array(size))];
    }),
  );
}

export function disposeAll(tensors: Readonly<Record<string, RuntimeTensor>>): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}
