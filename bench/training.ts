/**
 * Training steps of A0 stream compared with the public PyTorch port, in one run: each contestant is a separate
 * process, and they step in turn, the others idle.
 *
 * MOVINET_PYTHON=python3 node bench/training.ts CHECKOUT [ROUNDS] > bench/results/training.csv
 *
 * CHECKOUT is a checkout of github.com/Atze00/MoViNet-pytorch. 16 frames of 172 × 172, batch 4, AdamW, two threads.
 */
import { percentile } from "movinet/files";
import { type Command, Runner } from "../apps/cli/src/bench/runner.ts";
import { machine, pathOf, python, row } from "./material.ts";

const [checkout, roundsText = "5"] = process.argv.slice(2);
if (!checkout) throw new TypeError("usage: training.ts CHECKOUT [ROUNDS]");
const [size, frames, batch, threads] = ["172", "16", "4", "2"];
const work = [size, frames, batch, threads];
const ours = (kind: string) => ({ program: process.execPath, args: [pathOf("training-child.ts"), ...work, kind] });
const contestants: Readonly<Record<string, Command>> = {
  "PyTorch port, full": { program: python, args: [pathOf("peers/pytorch-train.py"), checkout, "a0", ...work, "full"] },
  "movinet, full": ours("full"),
  "movinet, full, batch statistics": ours("full-batch"),
  "movinet, last two blocks": ours("last2"),
};

const { signal } = new AbortController();
const entries = Object.entries(contestants).map(([name, command]) => {
  return { name, run: new Runner(command, signal), times: [] as number[] };
});
for (const { run } of entries) await run.ready();
for (const { run } of entries) await run.steps(1);
for (let round = 0; round < Number(roundsText); round++) {
  for (const { name, run, times } of entries) {
    times.push(...(await run.steps(2)));
    console.error(`round ${round + 1}: ${name} ${(times.at(-1) ?? 0).toFixed(0)} ms`);
  }
}
const base = percentile(entries[0]?.times ?? [], 50);
row("contestant,machine,threads,frames,size,batch,p50Ms,leastMs,clipsPerSecond,timesPyTorch,peakRssBytes");
for (const { name, run, times } of entries) {
  const p50 = percentile(times, 50);
  const least = Math.min(...times);
  const memory = await run.finish();
  const speed = [(1000 * Number(batch)) / p50, base / p50].map((value) => value.toFixed(2));
  row(`"${name}"`, machine, threads, frames, size, batch, p50.toFixed(0), least.toFixed(0), ...speed, memory);
}
