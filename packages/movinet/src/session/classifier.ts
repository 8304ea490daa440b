import type { DeviceTensor } from "../engines/engine.ts";
import type { Call, Outputs } from "./streams.ts";

/** The part of a network behind the pool of its head, for one session: it has no state, and takes any number of means in one call. */
export class Classifier {
  readonly #call: Call;
  #input: DeviceTensor | null = null;
  #length = 0;

  constructor(call: Call) {
    this.#call = call;
  }

  /** What it says of means `[rows, channels]`: for each output rows of it, in one call where the engine takes several. */
  async run(means: Float32Array): Promise<Outputs> {
    const { executable, step } = this.#call;
    const { channels } = step.picture;
    if (executable.streams === "any" || means.length === channels) return this.#run(means);
    const rows: Outputs[] = [];
    for (let at = 0; at < means.length; at += channels) rows.push(await this.#run(means.slice(at, at + channels)));
    return Object.fromEntries(Object.keys(step.outputs).map((name) => [name, concat(rows.map((row) => row[name]))]));
  }

  dispose(): void {
    this.#input?.dispose();
    this.#input = null;
  }

  async #run(means: Float32Array): Promise<Outputs> {
    const { executable, step } = this.#call;
    if (this.#length !== means.length) this.dispose();
    this.#length = means.length;
    this.#input = executable.upload(step.picture.input, means, this.#input ?? undefined);
    const results = await executable.run([this.#input]);
    const said: Record<string, Float32Array> = {};
    for (const [name, value] of Object.entries(step.outputs)) {
      const at = executable.outputs.findIndex((output) => output.name === value);
      said[name] = (await (results[at] as DeviceTensor).read()).slice() as Float32Array;
    }
    for (const result of results) result.dispose();
    return said;
  }
}

/** The same numbers one after the other; of one array that array. */
export function concat(parts: readonly (Float32Array | undefined)[]): Float32Array {
  const [first = new Float32Array()] = parts;
  if (parts.length === 1) return first;
  const all = new Float32Array(parts.reduce((sum, part) => sum + (part?.length ?? 0), 0));
  let at = 0;
  for (const part of parts) {
    if (part) all.set(part, at);
    at += part?.length ?? 0;
  }
  return all;
}
