/**
 * The process in which {@link measureCosts} runs a model, so that its memory is its own: its argument is a {@link CostJob}
 * as JSON, its only message a {@link CostAnswer}.
 */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { percentile } from "../common/percentile.ts";
import { nodeEngine } from "../engines/onnxruntime/onnx.node.ts";
import { readModel } from "../formats/model-file.ts";
import { Program } from "../session/program.ts";

export interface CostJob {
  readonly file: string;
  readonly frames: number;
  readonly device: string;
  readonly threads: number | null;
}

export interface CostAnswer {
  readonly callMs: number;
  readonly peakBytes: number;
}

/** Calls of a base model, which are all alike. */
const calls = 5;

process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
const { file, frames, device, threads } = JSON.parse(process.argv[2] as string) as CostJob;
const backend = await nodeEngine({ device, threads: threads ?? undefined });
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
  const program = await Program.compile(model, backend);
  const session = await program.openStream();
  const input = noise(1);
  for (let t = 0; t < frames; t++) await timed(() => session.step(input));
} else {
  const program = await Program.compile({ ...model, card: { ...model.card, frames } }, backend);
  const session = await program.openClip();
  const input = noise(frames);
  for (let i = 0; i < calls; i++) await timed(() => session.run(input));
}
const callMs = percentile(times, 50);
const peakBytes = 1024 * (peakKilobytes() - before);
process.send?.({ callMs, peakBytes } satisfies CostAnswer, () => process.exit(0));

/** Most memory that this process has had. What Linux tells of resource usage begins with what its parent had. */
function peakKilobytes(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}
