import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { ModelError } from "../common/errors.ts";
import { makeFolder, writeWhole } from "../common/write.node.ts";
import { openSafetensors, writeSafetensors } from "../formats/safetensors.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { SessionModel } from "../model/model.ts";
import type { StateTensor, StreamState } from "../session/stream-session.ts";
import type { Lanes } from "./lanes.ts";

/** A state that is older says little about what a camera shows now. */
const mostAgeMs = 30_000;

/** Saves the state of a camera's sessions in a folder. Throws what `writeError` returns. */
export async function writeState(
  folder: string,
  name: string,
  halfLifeFrames: number,
  model: SessionModel,
  lanes: Lanes,
): Promise<void> {
  const states = await lanes.snapshot();
  if (states.length === 0) return;
  const tensors = new Map<string, Tensor>();
  const counts: Record<string, StateCount> = {};
  for (const [lane, state] of states.entries()) {
    for (const [key, { shape, data }] of Object.entries(state)) {
      if (data instanceof Float32Array) tensors.set(`${lane} ${key}`, { shape, data });
      else counts[`${lane} ${key}`] = { shape, data: [...data] };
    }
  }
  const facts = { of: identityOf(halfLifeFrames, model), saved: String(Date.now()), lanes: String(states.length) };
  await makeFolder(folder);
  await writeWhole(fileOf(folder, name), writeSafetensors(tensors, { ...facts, counts: JSON.stringify(counts) }));
}

/** Continues from a saved state, if it is whole, recent and of the same model; otherwise the stream is new. The file is removed. */
export async function readState(
  folder: string,
  name: string,
  halfLifeFrames: number,
  model: SessionModel,
  lanes: Lanes,
): Promise<boolean> {
  const file = fileOf(folder, name);
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) return false;
  await rm(file, { force: true });
  let opened: ReturnType<typeof openSafetensors>;
  try {
    opened = openSafetensors(bytes, file);
  } catch (error) {
    if (error instanceof ModelError) return false;
    throw error;
  }
  const { metadata, tensors } = opened;
  const age = Date.now() - Number(metadata["saved"]);
  if (metadata["of"] !== identityOf(halfLifeFrames, model) || !(age >= 0 && age < mostAgeMs)) return false;
  const states = Array.from({ length: Number(metadata["lanes"]) }, (): Record<string, StateTensor> => ({}));
  const put = (key: string, tensor: StateTensor) => {
    const [lane = "", ...rest] = key.split(" ");
    const state = states[Number(lane)];
    if (state) state[rest.join(" ")] = tensor;
  };
  for (const [key, tensor] of tensors()) put(key, tensor as StateTensor);
  for (const [key, { shape, data }] of Object.entries(JSON.parse(metadata["counts"] ?? "{}") as Counts)) {
    put(key, { shape, data: Int32Array.from(data) });
  }
  return lanes.restore(states as readonly StreamState[]);
}

interface StateCount {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

type Counts = Readonly<Record<string, StateCount>>;

function fileOf(folder: string, name: string): string {
  const readable = name.replace(/[^\w.-]+/g, "-").replace(/^[-.]+/, "");
  return join(folder, `${readable.slice(-40)}-${digestOf(name)}.safetensors`);
}

/** States are valid for one network with one memory. */
function identityOf(halfLifeFrames: number, { spec, card }: SessionModel): string {
  return digestOf(JSON.stringify([halfLifeFrames, spec, card]));
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
