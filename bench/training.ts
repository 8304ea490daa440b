/**
 * Training steps of A0 stream against the public PyTorch port, in one run: each contestant is a process of its own, and they
 * take steps in turn, the others stopped meanwhile by having nothing to do.
 *
 *     MOVINET_PYTHON=python3 node bench/training.ts CHECKOUT [ROUNDS] > bench/results/training.csv
 *
 * CHECKOUT is a checkout of github.com/Atze00/MoViNet-pytorch. 16 frames of 172 × 172, batch 4, AdamW, two threads.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { percentile } from "movinet/files";
import { machine, pathOf, python, row } from "./material.ts";

const [checkout, roundsText = "5"] = process.argv.slice(2);
if (!checkout) throw new TypeError("usage: training.ts CHECKOUT [ROUNDS]");
const [size, frames, batch, threads] = ["172", "16", "4", "2"];
const ours = (kind: string) => [process.execPath, pathOf("training-child.ts"), size, frames, batch, threads, kind];
const contestants: Readonly<Record<string, readonly string[]>> = {
  "PyTorch port, full": [
    python,
    pathOf("peers/pytorch-train.py"),
    checkout,
    "a0",
    size,
    frames,
    batch,
    threads,
    "full",
  ],
  "movinet, full": ours("full"),
  "movinet, full, batch statistics": ours("full-batch"),
  "movinet, last two blocks": ours("last2"),
};

class Contestant {
  readonly times: number[] = [];
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor([command = "", ...args]: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  async line<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`a contestant ended: ${this.#child.spawnargs.join(" ")}`);
    return JSON.parse(value) as T;
  }

  async steps(count: number): Promise<readonly number[]> {
    this.#child.stdin?.write(`${count}\n`);
    return this.line<number[]>();
  }

  async end(): Promise<number> {
    this.#child.stdin?.end();
    return (await this.line<{ peakRssBytes: number }>()).peakRssBytes;
  }
}

const entries = Object.entries(contestants).map(([name, command]) => ({ name, run: new Contestant(command) }));
for (const { run } of entries) await run.line();
for (const { run } of entries) await run.steps(1);
for (let round = 0; round < Number(roundsText); round++) {
  for (const { name, run } of entries) {
    run.times.push(...(await run.steps(2)));
    console.error(`round ${round + 1}: ${name} ${(run.times.at(-1) ?? 0).toFixed(0)} ms`);
  }
}
const base = percentile(entries[0]?.run.times ?? [], 50);
row("contestant,machine,threads,frames,size,batch,p50Ms,leastMs,clipsPerSecond,timesPyTorch,peakRssBytes");
for (const { name, run } of entries) {
  const p50 = percentile(run.times, 50);
  const least = Math.min(...run.times);
  const memory = await run.end();
  const speed = [(1000 * Number(batch)) / p50, base / p50].map((value) => value.toFixed(2));
  row(`"${name}"`, machine, threads, frames, size, batch, p50.toFixed(0), least.toFixed(0), ...speed, memory);
}
