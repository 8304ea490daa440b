/**
 * What whole runs of the command cost: `node bench/whole-runs.ts > bench/results/whole-runs.csv`. A minute of 720p against
 * ffmpeg doing nothing but decoding and scaling, in alternating rounds; starting up; an hour's memory against ten
 * seconds'. Needs ffmpeg and the shared clips.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { percentile } from "movinet/files";
import { carvingIce, officialModel, sharedFolder } from "../packages/movinet/test/shared.ts";
import { bin, concatenate, ffmpeg, row, temporaryFolder } from "./material.ts";

const folder = temporaryFolder();
const classify = (file: string) => [bin, "classify", "--model", officialModel, "--json", "--quiet", file];

/** Wall time from start to exit, and the peak memory of the process itself (Linux). */
async function timed(program: string, args: readonly string[]): Promise<{ ms: number; peakBytes: number }> {
  const started = performance.now();
  const child = spawn(program, args, { stdio: "ignore" });
  let peakBytes = 0;
  const sample = setInterval(() => {
    try {
      const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
      peakBytes = Math.max(peakBytes, Number(kilobytes ?? 0) * 1024);
    } catch {}
  }, 20);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearInterval(sample);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}`);
  return { ms: performance.now() - started, peakBytes };
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
const ours: number[] = [];
const theirs: number[] = [];
for (let round = 0; round < 7; round++) {
  theirs.push(
    (await timed("ffmpeg", ["-v", "error", "-i", minute, "-vf", "fps=5,scale=172:172", "-f", "null", "-"])).ms,
  );
  ours.push((await timed(process.execPath, classify(minute))).ms);
}
tell("classify a minute of 720p", percentile(ours, 50), "ms");
tell("ffmpeg decodes and scales it", percentile(theirs, 50), "ms");
const ratios = ours.map((ms, i) => ms / (theirs[i] as number));
tell("ratio of the two, median of rounds", percentile(ratios, 50), "x");

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
