import { stat } from "node:fs/promises";
import { type Refuse, TrainError } from "../common/errors.ts";
import { readUserFile } from "../common/read.node.ts";
import { writeWhole } from "../common/write.node.ts";
import { openSafetensors, writeSafetensors } from "../formats/safetensors.ts";

/** Named arrays and a plain value, bit for bit. */
export interface Checkpoint<T> {
  readonly state: ReadonlyMap<string, Float32Array>;
  readonly progress: T;
}

/** Writes a checkpoint under another name and renames it: the process may be killed at any moment. */
export async function writeCheckpoint<T>(file: string, { state, progress }: Checkpoint<T>): Promise<void> {
  const tensors = new Map([...state].map(([name, data]) => [name, { shape: [data.length], data }]));
  await writeWhole(file, writeSafetensors(tensors, { progress: JSON.stringify(progress) }));
}

/** Size limit: the largest network with its optimizer's state, twice. */
const mostBytes = 2 ** 31 - 1;

/** Reads a checkpoint; null if there is none. Throws {@link TrainError} (`E_TRAIN_CHECKPOINT`) if it is damaged. */
export async function readCheckpoint<T>(file: string): Promise<Checkpoint<T> | null> {
  const refuse: Refuse = (problem, remedy, cause) =>
    new TrainError({ code: "E_TRAIN_CHECKPOINT", subject: file, problem, remedy, cause });
  if ((await stat(file).catch(() => null)) === null) return null;
  const bytes = await readUserFile(file, { most: mostBytes, refuse });
  try {
    const { tensors, metadata } = openSafetensors(bytes, file);
    const state = new Map([...tensors()].map(([name, { data }]) => [name, data]));
    return { state, progress: JSON.parse(metadata["progress"] ?? "") as T };
  } catch (cause) {
    throw refuse("this checkpoint is damaged", "Delete it and train again", cause);
  }
}
