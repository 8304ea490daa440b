/**
 * One model in a process of its own, so that its memory is its own: started with a {@link ChildStart} as JSON, it speaks
 * like the peers in `bench/peers`: a line when ready, a line of times in milliseconds for each line with a number of steps,
 * its peak memory at the end. With a video it goes through that instead, and prints {@link VideoTimes}.
 */
import { createInterface } from "node:readline";
import { buildGraph, lowerForInference } from "movinet/graph";
import { classifyFrames, openEngine, Program } from "movinet/session";
import { openVideo } from "movinet/video";
import { openBenchModel } from "../models.ts";

export interface ChildStart {
  readonly model: string;
  /** Null: `litert` for a quantized model, `cpu` for others. */
  readonly device: string | null;
  readonly threads: number;
  /** A source to go through, or null. */
  readonly video: string | null;
}

/** Where the time of a video went. */
export interface VideoTimes {
  readonly frames: number;
  /** By frame. */
  readonly stepsMs: readonly number[];
  readonly decodeMs: number;
  readonly preprocessMs: number;
  readonly inferMs: number;
  /** From opening the video to its last result; stages overlap. */
  readonly totalMs: number;
}

const { model: name, device: asked, threads, video } = JSON.parse(process.argv[2] as string) as ChildStart;
const model = await openBenchModel(name);
const { height, width } = model.spec.resolution;
const streaming = model.spec.mode === "stream";
const frames = streaming ? 1 : (model.card.frames ?? 1);
const input = Float32Array.from({ length: frames * 3 * height * width }, (_, i) => (i % 97) / 97);

const device = asked ?? (model.integers === undefined ? "cpu" : "litert");
const started = performance.now();
const engine = await openEngine({ model, device, threads });
const program = await Program.compile(model, engine);
const session = streaming ? await program.openStream() : null;
const clip = streaming ? null : await program.openClip();
const sessionMs = performance.now() - started;

/** Bytes of logits and states that a call returns, all of which the binding copies. */
function copiedBytes(): number {
  const graph = lowerForInference(buildGraph(model.spec, { form: streaming ? "step" : "clip", frames }));
  const values = graph.states.flatMap((state) =>
    state.kind === "buffer" ? state.newest : state.kind === "sum" ? [state.output] : [],
  );
  return [...Object.values(graph.outputs), ...values].reduce((bytes, value) => {
    const shape = graph.shapes[value];
    return bytes + (shape ? 4 * shape.frames * shape.channels * shape.height * shape.width : 0);
  }, 0);
}

const { variant, mode, resolution } = model.spec;
const warnings = [...model.warnings, ...(engine.warnings ?? [])];
const ready = {
  sessionMs,
  copiedBytesPerStep: copiedBytes(),
  variant,
  mode,
  resolution,
  frames,
  warnings,
  device,
  dtype: program.arithmetic,
};
console.log(JSON.stringify(ready));
/** Runs a whole video through the network. */
async function watch(source: string): Promise<VideoTimes> {
  const begun = performance.now();
  const opened = openVideo(source, { fps: model.card.fps, size: model.card.input });
  const stepsMs: number[] = [];
  let preprocessMs = 0;
  for await (const { timings } of classifyFrames(opened, program)) {
    stepsMs.push(timings.inferMs);
    preprocessMs += timings.preprocessMs;
  }
  const totalMs = performance.now() - begun;
  const inferMs = stepsMs.reduce((sum, ms) => sum + ms, 0);
  return { frames: opened.frames, stepsMs, decodeMs: opened.decodeMs, preprocessMs, inferMs, totalMs };
}

if (video !== null) console.log(JSON.stringify(await watch(video)));
for await (const line of createInterface({ input: process.stdin })) {
  const times: number[] = [];
  for (let i = 0; i < Number(line); i++) {
    const start = performance.now();
    await (session ? session.step(input) : clip?.run(input));
    times.push(performance.now() - start);
  }
  console.log(JSON.stringify(times));
}
console.log(JSON.stringify({ peakRssBytes: process.resourceUsage().maxRSS * 1024 }));
process.exit(0);
