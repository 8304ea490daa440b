/** How many of the shared labelled clips a file names correctly at their end. */

import { type Engine, Program, preprocess } from "movinet/session";
import { litertEngine } from "../packages/movinet/src/engines/litert/litert.node.ts";
import type { Card } from "../packages/movinet/src/model/card.ts";
import type { Model } from "../packages/movinet/src/model/model.ts";
import { framesOf, labelledClips } from "./material.ts";

/** A file on an engine, or without one the model itself. */
export async function programOf(model: Model, file: Uint8Array | null, engine: Engine): Promise<Program> {
  return file === null
    ? Program.compile(model, engine)
    : Program.open(file, "measured", engine, { labels: model.card.labels });
}

/** Counts over the clips, in LiteRT.js. */
export async function accuracyOf(file: Uint8Array, card: Card) {
  const engine = await litertEngine();
  await using program = await Program.open(file, "measured", engine, { labels: card.labels });
  const clips = labelledClips();
  const ranks: number[] = [];
  for (const { file: path, label } of clips) {
    const stream = await program.openStream();
    let logits: Float32Array = new Float32Array();
    for (const frame of await framesOf(path, { fps: card.fps, size: card.input })) {
      logits = (await stream.step(preprocess(frame, card.input))).logits;
    }
    await stream[Symbol.asyncDispose]();
    const own = logits[card.labels?.indexOf(label) ?? -1] ?? Number.NEGATIVE_INFINITY;
    ranks.push(logits.filter((logit) => logit > own).length);
  }
  const within = (places: number) => ranks.filter((rank) => rank < places).length;
  return { clips: clips.length, top1: within(1), top5: within(5) };
}
