import { listed } from "../../common/printable.ts";
import type { TfliteModel } from "../../formats/tflite/read/schema.ts";
import type { StateFacts } from "../../session/session-rules.ts";
import { disposeAll, findPicture, type Held, refuseSignature, type StreamForm, zerosFor } from "./form.ts";
import { elementsOf, type RuntimeTensor, type TensorFacts, type TfliteExecutable } from "./runtime.ts";

/**
 * The signature of the official exporter (spec §3.7): `image` `[1, 1, H, W, 3]` and the states go in, the states come out
 * under the same names, and `logits` `[1, classes]`. Throws ModelError (`E_MODEL_SIGNATURE`) that names what is otherwise.
 */
export function officialForm(
  executable: TfliteExecutable,
  { signature }: Pick<TfliteModel, "signature">,
  subject: string,
): StreamForm {
  const given = executable.inputs.filter(({ name }) => name !== "image");
  const outputOf = new Map(executable.outputs.map((output) => [output.name, output]));
  const results = executable.outputs.filter(({ name }) => !given.some((input) => input.name === name));
  const picture = findPicture(executable.inputs, 5);
  const problems = picture ? [] : ["it has no image [1,1,H,W,3] of float32"];
  problems.push(
    ...given.filter((input) => !isSame(input, outputOf.get(input.name))).map(({ name }) => `${name} is not given back`),
  );
  const [logits] = results;
  if (results.length !== 1 || logits?.dtype !== "float32") {
    problems.push(`beside states it gives ${listed(results.map(({ name }) => name)) || "nothing"}`);
  }
  if (!picture || !logits || problems.length > 0) throw refuseSignature(problems, subject);

  const passed = new Set(given.map(({ name }) => name).filter((name) => isPassedThrough(name, signature)));
  const all = given as readonly StateFacts[];
  const states = all.filter(({ name }) => !passed.has(name));
  const unused = all.filter(({ name }) => passed.has(name));
  const carried = executable.inputs.filter(({ name }) => !passed.has(name));
  const zeros = zerosFor(executable, unused);

  return {
    ...picture,
    classes: elementsOf(logits.shape),
    states,
    unused,
    begin: () => ({ tensors: zerosFor(executable, carried), age: 0 }),
    async advance(held, frame, keep) {
      if (keep < 1) ageByCounts(states, held, Math.max(1, Math.round(1 / (1 - keep))));
      held.tensors["image"]?.write(frame);
      const results = { ...(await executable.run({ ...zeros, ...held.tensors })) };
      for (const { name } of states) {
        held.tensors[name]?.dispose();
        held.tensors[name] = results[name] as RuntimeTensor;
        delete results[name];
      }
      held.age++;
      const values = (results[logits.name] as RuntimeTensor).read() as Float32Array;
      disposeAll(results);
      return values;
    },
    save: ({ tensors }) =>
      Object.fromEntries(
        states.map(({ name, shape }) => [name, { shape, data: (tensors[name] as RuntimeTensor).read() }]),
      ),
    load(state) {
      const tensors = zerosFor(executable, carried);
      for (const { name } of states) tensors[name]?.write(state[name]?.data as Float32Array);
      return { tensors, age: 0 };
    },
    dispose: () => disposeAll(zeros),
  };
}

function isSame(input: TensorFacts, output: TensorFacts | undefined): boolean {
  return input.dtype !== "uint8" && input.dtype === output?.dtype && String(input.shape) === String(output.shape);
}

function isPassedThrough(name: string, signature: TfliteModel["signature"]): boolean {
  return signature !== null && signature.inputs[name] === signature.outputs[name];
}

/**
 * Makes room for a frame in pools that remember as many as they may. The file divides by a whole count, so pools forget
 * by the nearest one: the mean of n frames becomes ((n − 1) · mean + new) / n.
 */
function ageByCounts(states: readonly StateFacts[], { tensors }: Held, memory: number): void {
  for (const { name } of states) {
    if (!name.endsWith("pool_frame_count")) continue;
    const sum = tensors[name.replace(/frame_count$/, "buffer")];
    const count = tensors[name];
    const frames = count?.read()[0] ?? 0;
    if (!sum || !count || frames < memory) continue;
    sum.write(sum.read().map((value) => (value * (memory - 1)) / frames));
    count.write(Int32Array.of(memory - 1));
  }
}
