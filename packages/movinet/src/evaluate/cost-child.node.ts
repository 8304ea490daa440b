/**
 * The process in which {@link measureCosts} runs a model, so that its memory is measured separately: it answers one
 * {@link CostJob} with a {@link CostAnswer}.
 */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { answerParent } from "../common/child.node.ts";
import { percentile } from "../common/percentile.ts";
import { openEngine } from "../engines/device.node.ts";
import { readModel } from "../formats/model-file.ts";
import { Program } from "../session/program.ts";
import type { Cost } from "./family.ts";

export interface CostJob {
  readonly file: string;
  readonly frames: number;
  readonly device: string;
  readonly threads: number | undefined;
}

export type CostAnswer = Omit<Cost, "frames">;

/** Calls of a base model, which are all alike. */
const calls = 5;

answerParent(async ({ file, frames, device, threads }: CostJob): Promise<CostAnswer> => {
  const engine = await openEngine({ device, threads });
  const before = peakKilobytes();
  const model = readModel(await readFile(file), file);
  const { height, width } = model.spec.resolution;
  const picture = 3 * height * width;
  const noise = (count: number) => Float32Array.from({ length: count * picture }, (_, i) => (i % 97) / 97);

  const times: number[] = [];
  const timed = async (call: () => Promise<unknown>) => {
    const started = performance.now();
    await call();
    times.push(performance.now() - started);
  };
  if (model.spec.mode === "stream") {
    const program = await Program.compile(model, engine);
    const session = await program.openStream();
    const input = noise(1);
    for (let t = 0; t < frames; t++) await timed(() => session.step(input));
  } else {
    const program = await Program.compile({ ...model, card: { ...model.card, frames } }, engine);
    const session = await program.openClip();
    const input = noise(frames);
    for (let i = 0; i < calls; i++) await timed(() => session.run(input));
  }
  return { callMs: percentile(times, 50), peakBytes: 1024 * (peakKilobytes() - before) };
});

/** Peak memory of this process. Linux's resource usage would start from the parent's. */
function peakKilobytes(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}
