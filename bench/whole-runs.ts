/**
 * Cost of complete runs of the command: `node bench/whole-runs.ts [CHECKOUT] > bench/results/whole-runs.csv`. A minute
 * of 720p compared with ffmpeg decoding and scaling only, in alternating rounds, and with the command of an earlier
 * CHECKOUT with its packages installed; start-up; memory over an hour compared with ten seconds. Needs ffmpeg, Linux
 * and the shared clips.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve as resolvePath } from "node:path";
import { percentile } from "movinet/files";
import { carvingIce, officialModel, sharedFolder } from "../packages/movinet/test/shared.ts";
import { bin, concatenate, ffmpeg, row, temporaryFolder } from "./material.ts";

const folder = temporaryFolder();
const [checkout] = process.argv.slice(2);
const former = checkout === undefined ? null : resolvePath(checkout, "apps/cli/bin/movinet.js");
const classify = (file: string, command = bin) => {
  return [command, "classify", "--model", officialModel, "--json", "--quiet", file];
};

interface Run {
  /** From start to exit. */
  readonly ms: number;
  /** CPU time of the process itself, without the decoder's process. */
  readonly cpuMs: number;
  /** Of the process itself. */
  readonly peakBytes: number;
  readonly stdout: string;
}

async function timed(program: string, args: readonly string[]): Promise<Run> {
  const started = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  let [cpuMs, peakBytes] = [0, 0];
  const sample = setInterval(() => {
    try {
      const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
      peakBytes = Math.max(peakBytes, Number(kilobytes ?? 0) * 1024);
      // After the name: fields 12 and 13 are user and system time in hundredths of a second.
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      cpuMs = Math.max(cpuMs, 10 * (Number(fields[11]) + Number(fields[12])));
    } catch {}
  }, 20);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearInterval(sample);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}`);
  return { ms: performance.now() - started, cpuMs, peakBytes, stdout };
}

/** Milliseconds spent in the network, from `classify --json`. */
function inferMs({ stdout }: Run): number {
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { timings?: { inferMs: number } });
  return lines.find(({ timings }) => timings)?.timings?.inferMs ?? Number.NaN;
}

async function repeat(times: number, run: () => Promise<{ ms: number }>): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < times; i++) all.push((await run()).ms);
  return percentile(all, 50);
}

row("experiment,value,unit");
const tell = (experiment: string, value: number, unit: string) => row(experiment, Number(value.toPrecision(4)), unit);
const minute = join(folder, "minute.mp4");
const source = join(sharedFolder, "videos/k600/mma2_structuralize.mp4");
ffmpeg("-stream_loop", "9", "-i", source, "-t", "60", "-an", "-vf", "scale=1280:720,setsar=1,fps=30", minute);
const runs = { ours: [] as Run[], ffmpeg: [] as Run[], former: [] as Run[] };
const onlyDecode = ["-v", "error", "-i", minute, "-vf", "fps=5,scale=172:172", "-f", "null", "-"];
for (let round = 0; round < 7; round++) {
  runs.ffmpeg.push(await timed("ffmpeg", onlyDecode));
  if (former) runs.former.push(await timed(process.execPath, classify(minute, former)));
  runs.ours.push(await timed(process.execPath, classify(minute)));
}
const middle = (of: readonly Run[], value: (run: Run) => number) => percentile(of.map(value), 50);
const ratio = (others: readonly Run[], value: (run: Run) => number) => {
  const ratios = runs.ours.map((run, i) => value(run) / value(others[i] as Run));
  return percentile(ratios, 50);
};
const wall = ({ ms }: Run) => ms;
const cpu = ({ cpuMs }: Run) => cpuMs;
tell("classify a minute of 720p", middle(runs.ours, wall), "ms");
tell("ffmpeg decodes and scales it", middle(runs.ffmpeg, wall), "ms");
tell("ratio of the two, median of rounds", ratio(runs.ffmpeg, wall), "x");
tell("its network", middle(runs.ours, inferMs), "ms");
tell("processor time of the process that infers", middle(runs.ours, cpu), "ms");
if (former) {
  tell("an earlier version classifies it", middle(runs.former, wall), "ms");
  tell("the earlier version's network", middle(runs.former, inferMs), "ms");
  tell("network, ratio to the earlier version's", ratio(runs.former, inferMs), "x");
  tell("processor time of the earlier process that infers", middle(runs.former, cpu), "ms");
  tell("processor time, ratio to the earlier version's", ratio(runs.former, cpu), "x");
}

const one = join(folder, "one.mp4");
ffmpeg("-i", carvingIce, "-frames:v", "1", "-an", one);
tell("movinet --help", await repeat(7, () => timed(process.execPath, [bin, "--help"])), "ms");
tell("first prediction of a clip of one frame", await repeat(7, () => timed(process.execPath, classify(one))), "ms");

const { file } = concatenate(1, "scale=320:240", folder);
const [ten, hour] = [join(folder, "ten.mp4"), join(folder, "hour.mp4")];
ffmpeg("-i", file, "-t", "10", "-c", "copy", ten);
ffmpeg("-stream_loop", "7", "-i", file, "-t", "3600", "-c", "copy", hour);
const short = await timed(process.execPath, classify(ten));
const long = await timed(process.execPath, classify(hour));
tell("peak memory for ten seconds", short.peakBytes / 1e6, "MB");
tell("peak memory for an hour", long.peakBytes / 1e6, "MB");
tell("ratio of the two", long.peakBytes / short.peakBytes, "x");
tell("an hour takes", long.ms / 1000, "s");
