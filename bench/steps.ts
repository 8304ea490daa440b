/**
 * Steps of A0–A3 against native LiteRT on Google's own graphs, one thread, float32, in alternating rounds of 20 steps: each
 * contestant is a process of its own, another one every 10 rounds, and the order of a round is drawn anew.
 *
 *     MOVINET_PYTHON=python3 node bench/steps.ts FOLDER [ROUNDS] [--checkout DIR]
 *
 * FOLDER holds `a0_se_fp32.tflite`, …; DIR a checkout of github.com/Atze00/MoViNet-pytorch. All rounds go to
 * `results/steps.csv` in place of those that this machine had there, a summary to standard output. LiteRT's `invoke` alone is
 * timed, without the states, which favours it; ours are whole steps of new pictures, and every logit is compared with those that
 * LiteRT gave for the same pictures before.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { percentile } from "movinet/files";
import { type PeerName, peerCommand, peerNames, type Ready, Runner } from "../apps/cli/src/bench/runner.ts";
import { randomOf } from "../packages/movinet/src/common/random.ts";
import { machineName, pathOf, processor, runPeer, temporaryFolder } from "./material.ts";
import { readRounds, type StepRound, Summary, writeRounds } from "./step-rounds.ts";
import type { StepsRound, StepsStart } from "./steps-child.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { checkout: { type: "string" } } });
const [folder, roundsText = "30"] = positionals;
if (!folder) throw new TypeError("usage: node bench/steps.ts FOLDER [ROUNDS] [--checkout DIR]");

const rounds = Number(roundsText);
/** Then others begin: where a process lies in memory decides 3 %. */
const roundsOfProcess = 10;
const frames = 20;
const known = 8;
const allowedDifference = 1e-5;
const step = { streams: 1, classifier: true, call: "c-api", background: false } as const;
const ours: Readonly<Record<string, Pick<StepsStart, "streams" | "classifier" | "call" | "background">>> = {
  step,
  "step without classifier": { ...step, classifier: false },
  "8 streams": { ...step, streams: 8 },
  "step in the background": { ...step, background: true },
  "step through the binding": { ...step, call: "binding" },
};

interface Contestant {
  readonly name: string;
  readonly streams: number;
  readonly runner: Runner;
  readonly ready: Ready;
  readonly round: () => Promise<{ readonly times: readonly number[]; readonly largestDifference: number | null }>;
}

const { signal } = new AbortController();

async function openOurs(name: string, start: StepsStart): Promise<Contestant> {
  const args = [pathOf("steps-child.ts"), JSON.stringify(start)];
  const runner = new Runner({ program: process.execPath, args }, signal);
  const ready = await runner.ready();
  const round = async () => {
    const done = await runner.ask<StepsRound>("");
    if (done.largestDifference !== null && done.largestDifference <= allowedDifference) return done;
    throw new Error(`${name}: logits are ${done.largestDifference} from LiteRT's`);
  };
  return { name, streams: start.streams, runner, ready, round };
}

async function openPeer(name: PeerName, model: string, of: Ready): Promise<Contestant | null> {
  const command = peerCommand(name, { model, ready: of, threads: 1, checkout: values.checkout });
  if (typeof command === "string") {
    console.error(`${name}: skipped: ${command}`);
    return null;
  }
  const runner = new Runner(command, signal);
  const ready = await runner.ready();
  const round = async () => ({ times: await runner.steps(frames), largestDifference: null });
  return { name, streams: 1, runner, ready, round };
}

async function measure(variant: string, model: string): Promise<readonly StepRound[]> {
  const logits = join(temporaryFolder(), "logits.f32");
  runPeer("litert-logits.py", model, String(known), String(frames), logits);
  const measured: StepRound[] = [];
  for (let first = 1; first <= rounds; first += roundsOfProcess) {
    const contestants: Contestant[] = [];
    try {
      for (const [name, how] of Object.entries(ours)) {
        contestants.push(await openOurs(name, { model, logits, frames, known, ...how }));
      }
      for (const name of peerNames) {
        const peer = await openPeer(name, model, contestants[0]?.ready as Ready);
        if (peer) contestants.push(peer);
      }
      for (const { round } of contestants) await round();
      for (let round = first; round < first + roundsOfProcess && round <= rounds; round++) {
        const drawn = randomOf(variant, round).shuffle(contestants);
        for (const contestant of drawn) measured.push(await runRound(variant, round, contestant));
        console.error(`${variant}: round ${round}`);
      }
    } finally {
      await Promise.all(contestants.map(({ runner }) => runner[Symbol.asyncDispose]()));
    }
  }
  return measured;
}

async function runRound(variant: string, round: number, { name, streams, round: run }: Contestant): Promise<StepRound> {
  const loadAverage = Number((loadavg()[0] as number).toFixed(2));
  const { times, largestDifference } = await run();
  const ms = (p: number) => Number((percentile(times, p) / streams).toPrecision(4));
  return {
    ...{ machine: machineName, processor, loadAverage, variant, contestant: name, round },
    ...{ p50Ms: ms(50), p95Ms: ms(95) },
    largestDifference: largestDifference && Number(largestDifference.toPrecision(3)),
  };
}

function tell(variant: string, own: readonly StepRound[]): void {
  const summary = new Summary(own);
  for (const name of [...peerNames, ...Object.keys(ours)].filter((one) => summary.contestants.includes(one))) {
    const difference = Math.max(
      ...own.filter((one) => one.contestant === name).map((one) => one.largestDifference ?? 0),
    );
    const ratio = `${summary.ratio(name, "litert")?.toFixed(3)} × litert`;
    const checked = difference > 0 ? `, logits within ${difference}` : "";
    console.log(`${variant}  ${name.padEnd(26)}${summary.p50Ms(name)?.toFixed(3).padStart(9)} ms  ${ratio}${checked}`);
  }
}

const measured: StepRound[] = [];
const ratios: number[] = [];
for (const variant of ["a0", "a1", "a2", "a3"]) {
  const model = join(folder, `${variant}_se_fp32.tflite`);
  if (!existsSync(model)) continue;
  const own = await measure(variant, model);
  tell(variant, own);
  ratios.push(new Summary(own).ratio("step", "litert") as number);
  measured.push(...own);
}
if (measured.length === 0) throw new Error(`${folder} has no a0_se_fp32.tflite, a1_se_fp32.tflite, …`);
const product = ratios.reduce((all, ratio) => all * ratio, 1);
console.log(`geometric mean of the whole step: ${(product ** (1 / ratios.length)).toFixed(3)} × litert`);

const results = pathOf("results/steps.csv");
const elsewhere = readRounds(readFileSync(results, "utf8")).filter((one) => {
  return one.machine !== machineName || one.processor !== processor;
});
writeFileSync(results, writeRounds([...elsewhere, ...measured]));
