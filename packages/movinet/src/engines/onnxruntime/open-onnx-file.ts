import type { InferenceSession, Tensor } from "onnxruntime-common";
import { ModelError } from "../../common/errors.ts";
import { Turns } from "../../common/turns.ts";
import { openOnnx } from "../../formats/onnx/read.ts";
import type { OnnxRuntime } from "./onnx.ts";
import type { OnnxFile } from "./onnx-file.ts";

/** Opens a file. Throws {@link ModelError}: what {@link openOnnx} throws, and `E_MODEL_FORMAT` for one that ONNX Runtime refuses. */
export async function openOnnxFile(
  ort: OnnxRuntime,
  bytes: Uint8Array,
  subject: string,
  options: InferenceSession.SessionOptions,
): Promise<OnnxFile> {
  const { card, spec, form, dtype, frames } = openOnnx(bytes, subject);
  const session = await ort.InferenceSession.create(bytes, options).catch((cause: unknown) => {
    throw new ModelError({
      code: "E_MODEL_FORMAT",
      subject,
      problem: `ONNX Runtime refuses it (${(cause as Error).message})`,
      remedy: "Convert the model again",
      cause,
    });
  });
  const { height, width } = spec.resolution;
  const tensor = (data: Float32Array, dims: readonly number[]) => new ort.Tensor("float32", data, dims);
  const begin = () =>
    new Map(
      session.inputMetadata.flatMap((input) => {
        if (!input.isTensor || !input.name.startsWith("state_")) return [];
        const dims = [1, ...input.shape.slice(1).map(Number)];
        return [[input.name, tensor(new Float32Array(dims.reduce((a, b) => a * b, 1)), dims)] as const];
      }),
    );
  let states: ReadonlyMap<string, Tensor> = begin();
  let age = 0;
  const file: OnnxFile = {
    model: { spec, card },
    form,
    dtype,
    frames,
    run: (pictures) => turns.take(() => advance(pictures)),
    reset() {
      turns.check();
      states = begin();
      age = 0;
    },
    [Symbol.asyncDispose]: () => turns.end(() => session.release()),
  };
  const turns = new Turns(file, "file", subject);
  const advance = async (pictures: Float32Array): Promise<Float32Array> => {
    const count = form === "step" ? 1 : frames;
    const times = Array.from({ length: count }, (_, t) => (form === "step" ? age : t));
    const clock = (value: (time: number) => number) => tensor(Float32Array.from(times, value), [count, 1, 1, 1]);
    const all: Record<string, Tensor> = {
      image: tensor(pictures, [count, 3, height, width]),
      inverse_count: clock((t) => 1 / (t + 1)),
      position: clock((t) => t),
      ...Object.fromEntries(states),
    };
    const taken = session.inputNames.map((name) => [name, all[name] as Tensor] as const);
    const outputs = await session.run(Object.fromEntries(taken));
    const seen = new Map([...states, ...Object.entries(outputs)]) as ReadonlyMap<string, Tensor>;
    states = new Map([...states].map(([name, before]) => [name, after(name, before, seen, tensor)]));
    age++;
    return (seen.get("logits") as Tensor).data as Float32Array;
  };
  return file;
}

/** A slot takes over what the next one held; a pool's sum grows by what the frame adds. */
function after(
  name: string,
  before: Tensor,
  seen: ReadonlyMap<string, Tensor>,
  tensor: (data: Float32Array, dims: readonly number[]) => Tensor,
): Tensor {
  const [, buffer, slot] = /^(.*_stream_buffer_)(\d+)$/.exec(name) ?? [];
  if (buffer !== undefined) return seen.get(`${buffer}${Number(slot) + 1}`) as Tensor;
  const added = seen.get(`${name}_frame`)?.data as Float32Array;
  const sum = (before.data as Float32Array).map((value, i) => value + (added[i] as number));
  return tensor(sum, before.dims);
}
