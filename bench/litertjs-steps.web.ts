/** A stream of a TFLite file in LiteRT.js: as in the package's documentation, and through our session. */
import { type CompiledModel, loadAndCompile, Tensor } from "@litertjs/core";
import { type Engine, Program } from "movinet/session";

export interface Steps {
  /** Floats per frame. */
  readonly size: number;
  /** The position of channels in them. */
  readonly layout: "planes" | "channelsLast";
  /** Starts a new stream. */
  reset(): Promise<void>;
  /** The logits; null where the classifier does not run. */
  step(frame: Float32Array<ArrayBuffer>): Promise<Float32Array | null>;
  /** Those of the last 16 frames. */
  askLogits?(): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Steps of a program that is closed with them. */
export async function sessionSteps(program: Program, classifier = true): Promise<Steps> {
  const session = await program.openStream();
  const { height, width } = program.model.spec.resolution;
  return {
    size: 3 * height * width,
    layout: "planes",
    reset: () => session.reset(),
    async step(frame) {
      if (classifier) return (await session.step(frame)).logits;
      await session.advance(frame);
      return null;
    },
    askLogits: async () => (await session.outputs(16)).logits,
    async close() {
      await session[Symbol.asyncDispose]();
      await program[Symbol.asyncDispose]();
    },
  };
}

export const litertSession = async (litert: Engine, bytes: Uint8Array): Promise<Steps> =>
  sessionSteps(await Program.open(bytes, "bench", litert));

/** States fed back through the package's own `run`. */
export async function litertRun(bytes: Uint8Array): Promise<Steps> {
  const model: CompiledModel = await loadAndCompile(bytes, { accelerator: "wasm" });
  const details: readonly { name: string; shape: Int32Array; dtype: string }[] = model.getInputDetails();
  const zeros = ({ shape, dtype }: (typeof details)[number]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return new Tensor(dtype === "int32" ? new Int32Array(size) : new Float32Array(size), shape);
  };
  const begin = (): Record<string, Tensor> => Object.fromEntries(details.map((one) => [one.name, zeros(one)]));
  let tensors = begin();
  const shape = details.find(({ name }) => name === "image")!.shape;
  const free = () => {
    for (const tensor of Object.values(tensors)) tensor.delete();
  };
  return {
    size: shape.reduce((a, b) => a * b, 1),
    layout: "channelsLast",
    async reset() {
      free();
      tensors = begin();
    },
    async step(frame) {
      tensors["image"]?.delete();
      tensors["image"] = new Tensor(frame, shape);
      const { logits, ...next } = await model.run(tensors);
      free();
      const values = logits!.toTypedArray() as Float32Array;
      logits!.delete();
      tensors = next;
      return values;
    },
    async close() {
      free();
      model.delete();
    },
  };
}
