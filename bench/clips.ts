/** Clips for the benchmarks, made with the ffmpeg of the machine from the shared labelled ones. */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readManifest, sharedFolder } from "../packages/movinet/test/shared.ts";

export function ffmpeg(...args: readonly string[]): void {
  execFileSync("ffmpeg", ["-v", "error", "-y", ...args]);
}

function secondsOf(file: string): number {
  const args = ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file];
  return Number(execFileSync("ffprobe", args, { encoding: "utf8" }));
}

/** A stretch of a concatenation: seconds, and the class that its clip has alone. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

/**
 * The labelled clips whose class comes first when they are alone, each looped to at least 20 seconds, in a seeded order,
 * as one video of 25 pictures a second.
 */
export function concatenate(seed: number, filter: string, folder: string): { file: string; truth: readonly Stretch[] } {
  const clips = readManifest().filter((row) => row.group === "k600" && row.expect.startsWith("top1"));
  let state = seed;
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  const order = clips.map((clip) => ({ clip, key: draw() })).sort((a, b) => a.key - b.key);
  const truth: Stretch[] = [];
  const lines: string[] = [];
  for (const [i, { clip }] of order.entries()) {
    const source = join(sharedFolder, "videos", clip.file);
    const part = join(folder, `${seed}-${i}.mp4`);
    const loops = Math.ceil(20 / secondsOf(source)) - 1;
    const codec = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-video_track_timescale", "12800"];
    const chain = `${filter},setsar=1,fps=25,format=yuv420p`;
    ffmpeg("-stream_loop", String(loops), "-i", source, "-an", "-vf", chain, ...codec, part);
    const start = truth.at(-1)?.end ?? 0;
    truth.push({ start, end: start + secondsOf(part), label: clip.k600_label });
    lines.push(`file '${part}'`);
  }
  const list = join(folder, `${seed}.txt`);
  writeFileSync(list, lines.join("\n"));
  const file = join(folder, `concat-${seed}.mp4`);
  ffmpeg("-f", "concat", "-safe", "0", "-i", list, "-c", "copy", file);
  return { file, truth };
}

/** Throws in one line where the benchmarks cannot run. */
export function requireMaterial(): void {
  if (!existsSync(join(sharedFolder, "videos/manifest.csv"))) throw new Error("the shared clips are not here");
  ffmpeg("-version");
}
