/**
 * A folder of short clips through `movinet classify`, against what two perfectly shared cores could do: the CPU time in
 * which FFmpeg's own program decodes a clip (as it does by default, and on one thread, which costs it less) plus that of
 * the network's steps on one thread, each measured alone.
 *
 *     node bench/folder-run.ts --model MODEL --clips FOLDER [--count 200] [--rounds 3] [--jobs 1,2,3] > bench/results/folder-run.csv
 *
 * Needs `ffmpeg` and `bash`. `others` is the share of the machine that other processes took during the run; `of_rest` is
 * `of_ceiling` for what they left.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, linkSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openModel } from "movinet/files";
import { openEngine, Program, preprocess } from "movinet/session";
import { bin, framesOf, mean, row, temporaryFolder } from "./material.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    clips: { type: "string" },
    count: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
    jobs: { type: "string", default: String(cpus().length) },
  },
});
const { model: modelFile, clips: clipFolder } = values;
if (!modelFile || !clipFolder) throw new TypeError("usage: folder-run.ts --model MODEL --clips FOLDER");
const names = readdirSync(clipFolder).sort();
const count = Number(values.count);

/** Runs a command: its CPU seconds, including those of its child processes. */
function cpuOf(command: readonly string[]): number {
  const script = 'TIMEFORMAT="cpu %U %S"; time "$@" 2>&1 >/dev/null | tail -c 2000';
  const { stderr, status } = spawnSync("bash", ["-o", "pipefail", "-c", script, "bash", ...command], {
    encoding: "utf8",
  });
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  if (status !== 0 || user === undefined) throw new Error(`${command[0]} ended with ${status}: ${stderr}`);
  return Number(user) + Number(system);
}

/** CPU seconds of the FFmpeg program per clip, alone. */
function decodeCost({ card }: Awaited<ReturnType<typeof openModel>>, threads: readonly string[]): number[] {
  const filter = `fps=${card.fps},scale=${card.input.width}:${card.input.height}`;
  return names.map((name) => {
    const input = [...threads, "-i", join(clipFolder as string, name)];
    return cpuOf(["ffmpeg", "-v", "error", "-nostdin", ...input, "-vf", filter, "-f", "null", "-"]);
  });
}

/** CPU seconds of the network's steps per clip, on one thread and alone. */
async function stepsCost(model: Awaited<ReturnType<typeof openModel>>): Promise<number[]> {
  const program = await Program.compile(model, await openEngine({ threads: 1 }));
  const session = await program.openStream();
  const costs: number[] = [];
  for (const name of names) {
    const { fps, input: size } = model.card;
    const frames = await framesOf(join(clipFolder as string, name), { fps, size });
    const inputs = frames.map((frame) => preprocess(frame, size));
    await session.reset();
    const before = process.cpuUsage();
    for (const input of inputs) await session.step(input);
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / 1e6);
  }
  await session[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
  return costs;
}

/** Wall and CPU seconds of the command from start to exit, and what other processes took meanwhile. */
function runCost(folder: string, out: string, jobs: string) {
  const options = ["--model", modelFile as string, "--out", out, "--jobs", jobs, "--quiet"];
  const before = busySeconds();
  const started = performance.now();
  const own = cpuOf([process.execPath, bin, "classify", folder, ...options]);
  const wall = (performance.now() - started) / 1000;
  const others = Math.max(0, busySeconds() - before - own) / (wall * cpus().length);
  return { wall, own, others };
}

function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + (times.user + times.nice + times.sys + times.irq) / 1000, 0);
}

/** Mean over the folder, in which clips are repeated in turn. */
const meanOf = (costs: readonly number[]) =>
  mean(Array.from({ length: count }, (_, i) => costs[i % costs.length] as number));

const model = await openModel(modelFile);
const place = temporaryFolder();
const folder = join(place, "clips");
mkdirSync(folder);
for (let i = 0; i < count; i++) {
  const name = names[i % names.length] as string;
  const target = join(folder, `${String(i).padStart(4, "0")}-${name}`);
  const first = join(folder, `${String(i % names.length).padStart(4, "0")}-${name}`);
  if (i < names.length) copyFileSync(join(clipFolder, name), target);
  else linkSync(first, target);
}
const costs = "decode_cpu_s,decode_1_thread_cpu_s,steps_cpu_s,wall_s,run_cpu_s,clips_s";
row("round,model,clips,cores,jobs", costs, "of_ceiling,of_1_thread_ceiling,others,of_rest");
for (let round = 1; round <= Number(values.rounds); round++) {
  const decode = meanOf(decodeCost(model, []));
  const decodeOne = meanOf(decodeCost(model, ["-threads", "1"]));
  const steps = meanOf(await stepsCost(model));
  for (const jobs of values.jobs.split(",")) {
    const out = join(place, "results.jsonl");
    const { wall, own, others } = runCost(folder, out, jobs);
    for (const file of [out, `${out}.run`]) rmSync(file);
    const rate = count / wall;
    const share = (decoding: number) => rate / (cpus().length / (decoding + steps));
    const rest = share(decode) / (1 - others);
    const figures = [decode, decodeOne, steps, wall, own, rate, share(decode), share(decodeOne), others, rest];
    row(round, model.card.name, count, cpus().length, jobs, ...figures.map((value) => value.toFixed(4)));
  }
}
