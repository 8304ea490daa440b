import type { DeviceTensor } from "../engines/engine.ts";
import type { Call, Outputs } from "./call.ts";

/** The call for this many rows. */
export type ClassifierCalls = (rows: number) => Promise<Call>;

/** The part of a network after its head's pool, for one session: stateless, with any number of means per call. */
export class Classifier {
  readonly #calls: ClassifierCalls;
  /** Loaded calls, by number of rows. */
  readonly #loaded = new Map<number, Loaded>();

  constructor(calls: ClassifierCalls) {
    this.#calls = calls;
  }

  /** The outputs for means `[rows, channels]`: rows of each output, in one call if the engine supports it. */
  async run(means: Float32Array, channels: number): Promise<Outputs> {
    const count = means.length / channels;
    const loaded = this.#loaded.get(count) ?? (await this.#load(count));
    if (loaded.together === count) return runRows(loaded, means);
    const said: Outputs[] = [];
    for (let at = 0; at < means.length; at += channels)
      said.push(await runRows(loaded, means.slice(at, at + channels)));
    return joined(said);
  }

  dispose(): void {
    for (const { input } of this.#loaded.values()) input?.dispose();
    this.#loaded.clear();
  }

  async #load(count: number): Promise<Loaded> {
    const call = await this.#calls(count);
    const { outputs, streams } = call.executable;
    const said = Object.entries(call.step.outputs).map(([name, value]) => {
      return { name, at: outputs.findIndex((output) => output.name === value) };
    });
    const loaded = { call, said, together: streams === "any" ? count : streams, input: null };
    this.#loaded.set(count, loaded);
    return loaded;
  }
}

interface Loaded {
  readonly call: Call;
  readonly said: readonly { readonly name: string; readonly at: number }[];
  /** Rows per call. */
  readonly together: number;
  /** The means of the last call. */
  input: DeviceTensor | null;
}

async function runRows(loaded: Loaded, means: Float32Array): Promise<Outputs> {
  const { executable, step } = loaded.call;
  loaded.input = executable.upload(step.picture.input, means, loaded.input ?? undefined);
  const results = await executable.run([loaded.input]);
  const said: Record<string, Float32Array> = {};
  for (const { name, at } of loaded.said) {
    said[name] = (await (results[at] as DeviceTensor).read()).slice() as Float32Array;
  }
  for (const result of results) result.dispose();
  return said;
}

/** Rows of outputs, concatenated. */
export function joined(outputs: readonly Outputs[]): Outputs {
  const [first = {}] = outputs;
  if (outputs.length === 1) return first;
  return Object.fromEntries(Object.keys(first).map((name) => [name, concat(outputs.map((output) => output[name]))]));
}

/** The same numbers concatenated; a single array is returned as it is. */
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
