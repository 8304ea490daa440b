/**
 * Steps of A0–A3 against native LiteRT on Google's own graphs, one thread unless stated, float32, in alternating
 * rounds of 20 steps: each contestant is a separate process, restarted every 10 rounds, and the order of each round is shuffled.
 *
 *     MOVINET_PYTHON=python3 node bench/steps.ts FOLDER [ROUNDS] [--checkout DIR]
 *
 * FOLDER holds `a0_se_fp32.tflite`, …; DIR a checkout of github.com/Atze00/MoViNet-pytorch. All rounds go to
 * `results/steps.csv` in place of those that this machine had there, a summary to standard output. LiteRT's `invoke` alone is
 * timed, without the states, which favours it; ours are whole steps of new pictures, and every logit is compared with those that
 * LiteRT gave for the same pictures before.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type PeerName, peerCommand, peerNames, type Ready, Runner } from "../apps/cli/src/bench/runner.ts";
import { type Contestant, checked, contest, frames, known, tell } from "./contest.ts";
import { pathOf, runPeer, temporaryFolder } from "./material.ts";
import { replaceRounds, type StepRound, Summary } from "./step-rounds.ts";
import type { StepsRound, StepsStart } from "./steps-child.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { checkout: { type: "string" } } });
const [folder, roundsText = "30"] = positionals;
if (!folder) throw new TypeError("usage: node bench/steps.ts FOLDER [ROUNDS] [--checkout DIR]");

const rounds = Number(roundsText);
const runtime = `Node ${process.versions.node}`;
/** After that, new processes start: the position of a process in memory makes a difference of 3 %. */
const roundsOfProcess = 10;
const step = { streams: 1, classifier: true, engine: "c-api" } as const;
const ours: Readonly<Record<string, Pick<StepsStart, "streams" | "classifier" | "engine">>> = {
  step,
  "step without classifier": { ...step, classifier: false },
  "8 streams": { ...step, streams: 8 },
  "step in the background": { ...step, engine: "background" },
  "step through the binding": { ...step, engine: "binding" },
  wasm: { ...step, engine: "relaxed" },
  "wasm without classifier": { ...step, engine: "relaxed", classifier: false },
  "wasm without relaxed SIMD": { ...step, engine: "simd" },
  "wasm on two threads": { ...step, engine: "threads" },
};

type Started = Contestant & { readonly runner: Runner; readonly ready: Ready };

const { signal } = new AbortController();

async function openOurs(name: string, start: StepsStart): Promise<Started> {
  const args = [pathOf("steps-child.ts"), JSON.stringify(start)];
  const runner = new Runner({ program: process.execPath, args }, signal);
  const ready = await runner.ready();
  const round = async () => checked(name, await runner.ask<StepsRound>(""));
  return { name, streams: start.streams, runner, ready, round };
}

async function openPeer(name: PeerName, model: string, of: Ready): Promise<Started | null> {
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
    const contestants: Started[] = [];
    try {
      for (const [name, how] of Object.entries(ours)) {
        contestants.push(await openOurs(name, { model, logits, frames, known, ...how }));
      }
      for (const name of peerNames) {
        const peer = await openPeer(name, model, contestants[0]?.ready as Ready);
        if (peer) contestants.push(peer);
      }
      const last = Math.min(rounds, first + roundsOfProcess - 1);
      measured.push(...(await contest({ variant, runtime }, contestants, first, last)));
    } finally {
      await Promise.all(contestants.map(({ runner }) => runner[Symbol.asyncDispose]()));
    }
  }
  return measured;
}

const measured: StepRound[] = [];
const ratios: number[] = [];
for (const variant of ["a0", "a1", "a2", "a3"]) {
  const model = join(folder, `${variant}_se_fp32.tflite`);
  if (!existsSync(model)) continue;
  const own = await measure(variant, model);
  tell(variant, own, ["litert", "wasm"]);
  ratios.push(new Summary(own).ratio("step", "litert") as number);
  measured.push(...own);
}
if (measured.length === 0) throw new Error(`${folder} has no a0_se_fp32.tflite, a1_se_fp32.tflite, …`);
const product = ratios.reduce((all, ratio) => all * ratio, 1);
console.log(`geometric mean of the whole step: ${(product ** (1 / ratios.length)).toFixed(3)} × litert`);

const results = pathOf("results/steps.csv");
writeFileSync(results, replaceRounds(readFileSync(results, "utf8"), measured));
