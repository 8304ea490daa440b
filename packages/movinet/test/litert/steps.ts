/** Which exports are tried, and how a model is stepped to compare them. */
import type { SpecName, SpecOptions } from "../../src/model/arch/spec.ts";
import type { Model } from "../../src/model/model.ts";
import type { StreamOptions, StreamSession } from "../../src/run/session/stream-session.ts";
import { randomPictures } from "../laws/models.ts";

export const forms = ["step", "official"] as const;

const small: SpecOptions = { classes: 7, resolution: { height: 64, width: 80 } };
/** All stream variants, and the options that change what is emitted. */
export const variants: readonly (readonly [SpecName, SpecOptions])[] = [
  ...(["a0", "a1", "a2", "a3", "a4", "a5", "t0"] as const).map((name) => [`${name}-stream`, small] as const),
  ["a0-stream", { ...small, squeezeExcite: "none", activation: "relu6", classifierActivation: "relu6" }],
  ["a0-stream", { ...small, convType: "3d", squeezeExcite: "3d", gate: "hard_sigmoid_a" }],
  ["t0-stream", { ...small, squeezeExcite: "2d", gate: "sigmoid", activation: "swish", positionalEncoding: true }],
];

/** The logits after each of five frames; disposes of the program. */
export async function steppedLogits(
  { spec }: Model,
  program: { openStream(options?: StreamOptions): Promise<StreamSession> } & AsyncDisposable,
): Promise<Float32Array[]> {
  const { height, width } = spec.resolution;
  const picture = 3 * height * width;
  const frames = randomPictures(3, 5, height, width);
  const session = await program.openStream();
  const logits: Float32Array[] = [];
  for (let t = 0; t < 5; t++) logits.push(await session.step(frames.subarray(t * picture, (t + 1) * picture)));
  await session[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
  return logits;
}
