import { stat } from "node:fs/promises";
import { join } from "node:path";
import { randomOf } from "../common/random.ts";
import { makeFolder, writeWhole } from "../common/write.node.ts";
import type { FitClip, FitOptions } from "./fit-options.node.ts";
import type { LaneSetup } from "./lane.ts";
import { Lanes } from "./lanes.node.ts";

/** Writes the missing outputs of the frozen part for every version of every clip. Returns a lookup of their files. */
export async function frozenOutputs(
  setup: LaneSetup,
  train: readonly FitClip[],
  validation: readonly FitClip[],
  { settings, folder, signal, onProgress }: FitOptions,
) {
  const target = join(folder, "frozen");
  await makeFolder(target);
  const fileOf = ({ name }: FitClip, view: number | null) =>
    join(target, `${name.replace(/[^\w.-]/g, "_")}-${randomOf(name).below(2 ** 31)}-${view ?? "plain"}.f32`);
  const views = Array.from({ length: settings.views }, (_, view) => view);
  const work = [
    ...train.flatMap((clip) => views.map((view) => ({ clip, view: view as number | null }))),
    ...validation.map((clip) => ({ clip, view: null })),
  ];
  const queue = work.values();
  let done = 0;
  const empty = () => new SharedArrayBuffer(16);
  const lanes = new Lanes();
  const compute = async () => {
    const lane = await lanes.open(setup, empty(), empty());
    for (const { clip, view } of queue) {
      signal?.throwIfAborted();
      const file = fileOf(clip, view);
      if (!(await stat(file).catch(() => null))) {
        const { source } = view === null ? clip.plain() : clip.varied(view);
        const values = await lane.features(source, `${clip.name} ${view}`);
        await writeWhole(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      }
      const now = { phase: "frozen part", done: ++done, total: work.length } as const;
      onProgress?.({ ...now, epoch: 0, loss: null, validationTop1: null });
    }
  };
  try {
    await Promise.all(Array.from({ length: settings.threads }, compute));
  } finally {
    await lanes[Symbol.asyncDispose]();
  }
  return fileOf;
}
