/**
 * What an annotated video costs: `classify --annotate` of a minute of 720p against ffmpeg's own program that decodes it, encodes it
 * with the same encoder and settings and copies its sound, in alternating rounds.
 *
 *     node bench/annotate.ts [ROUNDS] > bench/results/annotate.csv
 *
 * Needs `ffmpeg` with libvpx, `bash` and the shared clips. `others` is the share of the machine that other processes took.
 */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { encoderOptions } from "../packages/movinet/src/video/encoder-options.ts";
import { officialModel, sharedFolder } from "../packages/movinet/test/shared.ts";
import { bin, ffmpeg, machine, row, temporaryFolder } from "./material.ts";

const rounds = Number(process.argv[2] ?? 7);
const folder = temporaryFolder();
const minute = join(folder, "minute.mp4");
const source = join(sharedFolder, "videos/k600/natty_juggling.mp4");
ffmpeg("-stream_loop", "4", "-i", source, "-t", "60", "-c", "copy", minute);

/** Wall and processor seconds of a command, with the processes that it waited for, and what others took meanwhile. */
function cost(command: readonly string[], result: string) {
  const script = 'TIMEFORMAT="cpu %U %S"; time "$@" 2>&1 >/dev/null | tail -c 2000';
  const before = busySeconds();
  const started = performance.now();
  const { stderr, status } = spawnSync("bash", ["-o", "pipefail", "-c", script, "bash", ...command], {
    encoding: "utf8",
  });
  const wall = (performance.now() - started) / 1000;
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  if (status !== 0 || user === undefined) throw new Error(`${command[0]} ended with ${status}: ${stderr}`);
  const cpu = Number(user) + Number(system);
  const others = Math.max(0, busySeconds() - before - cpu) / (wall * cpus().length);
  return { wall, cpu, others, bytes: statSync(result).size };
}

function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + (times.user + times.nice + times.sys + times.irq) / 1000, 0);
}

const options = Object.entries(encoderOptions).flatMap(([name, value]) => [`-${name}`, value]);
const plain = join(folder, "plain.mp4");
const encode = ["-c:v", "libvpx-vp9", "-b:v", "0", ...options, "-threads", String(cpus().length), "-c:a", "copy"];
const peer = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", minute, ...encode, "-movflags", "faststart", plain];
const annotated = join(folder, "annotated.mp4");
const ours = [process.execPath, bin, "classify", minute, "--model", officialModel, "--annotate", annotated, "--quiet"];

row("machine,round,ffmpeg_wall_s,ffmpeg_cpu_s,wall_s,cpu_s,wall_ratio,cpu_ratio,others,ffmpeg_bytes,bytes");
for (let round = 1; round <= rounds; round++) {
  const theirs = cost(peer, plain);
  const own = cost(ours, annotated);
  const figures = [theirs.wall, theirs.cpu, own.wall, own.cpu, own.wall / theirs.wall, own.cpu / theirs.cpu];
  const others = Math.max(theirs.others, own.others);
  row(machine, round, ...[...figures, others].map((value) => value.toFixed(3)), theirs.bytes, own.bytes);
}
