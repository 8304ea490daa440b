/**
 * Memory of sessions and steps: `node bench/memory.ts MODEL [STEPS] > bench/results/memory.csv`. One program of a
 * stream model; the resident memory of the process after 1 session, after 50, each stepped once, and over 100,000
 * steps of one of them. Garbage is collected before each measurement.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openModel } from "movinet/files";
import { openEngine, Program } from "movinet/session";
import { hashedFrames } from "../packages/movinet/test/golden/material.ts";
import { row } from "./material.ts";

const [file, stepsText = "100000"] = process.argv.slice(2);
if (!file) throw new TypeError("usage: node bench/memory.ts MODEL [STEPS]");
const steps = Number(stepsText);
const sessions = 50;
const looks = 10;
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const model = await openModel(file);
const { height, width } = model.spec.resolution;
const picture = hashedFrames(1, height, width);
const program = await Program.compile(model, await openEngine({ threads: 1 }));

row("model,sessions,steps,residentMb");
async function tell(open: number, taken: number): Promise<void> {
  // Memory released by garbage collection is freed in a later turn.
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  row(model.card.name, open, taken, (process.memoryUsage.rss() / 1e6).toFixed(1));
}

/** A session that has been stepped. */
async function openStepped() {
  const session = await program.openStream();
  for (let i = 0; i < 20; i++) await session.step(picture);
  return session;
}

const first = await openStepped();
await tell(1, 20);
for (let open = 1; open < sessions; open++) await openStepped();
await tell(sessions, 20);
for (let look = 1; look <= looks; look++) {
  for (let i = 0; i < steps / looks; i++) await first.step(picture);
  await tell(sessions, 20 + (look * steps) / looks);
}
await program[Symbol.asyncDispose]();
