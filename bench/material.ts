/**
 * Code shared by the benchmarks: result rows, temporary folders, the official model, the labelled clips and videos
 * made of them.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Frame } from "movinet";
import { openModel } from "movinet/files";
import { openEngine, Program } from "movinet/session";
import { openVideo, type VideoOptions } from "movinet/video";
import { officialModel, readManifest, sharedFolder } from "../packages/movinet/test/shared.ts";

export const row = (...cells: readonly unknown[]): void => console.log(cells.join(","));
export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
export const machineName = `${cpus()[0]?.model.trim()}, ${cpus().length} cores`;
export const machine = `"${machineName}"`;
/** The exact processor behind a vague name, on Linux: its family and model, and its widest vectors. */
export const processor: string = processorOf();
export const python: string = process.env["MOVINET_PYTHON"] ?? "python3";
export const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
export const bin: string = pathOf("../apps/cli/bin/movinet.js");

function processorOf(): string {
  if (!existsSync("/proc/cpuinfo")) return process.arch;
  const facts = readFileSync("/proc/cpuinfo", "utf8");
  const fact = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(facts)?.[1] ?? "?";
  const vectors = ["avx512f", "avx2"].find((one) => fact("flags").split(" ").includes(one));
  return `${process.arch} family ${fact("cpu family")} model ${fact("model")} ${vectors ?? ""}`.trim();
}

/** A folder that is deleted when the process exits. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "movinet-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The lines printed by a program in `peers/`. */
export function runPeer(script: string, ...args: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync(python, [pathOf(`peers/${script}`), ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split("\n");
}

export async function openOfficial(options: Parameters<typeof openEngine>[0] = {}) {
  requireClips();
  const { spec, weights, card } = await openModel(officialModel);
  return { card, program: await Program.compile({ spec, weights, card }, await openEngine(options)) };
}

export async function framesOf(file: string, options: VideoOptions): Promise<Frame[]> {
  return Array.fromAsync(openVideo(file, options));
}

/** The shared clips of Kinetics-600, and their classes. */
export function labelledClips(): readonly { readonly file: string; readonly label: string; readonly named: boolean }[] {
  return readManifest()
    .filter(({ group }) => group === "k600")
    .map(({ file, k600_label: label, expect }) => {
      return { file: join(sharedFolder, "videos", file), label, named: expect.startsWith("top1") };
    });
}

/** Videos in one of the shared folders. */
export function videosIn(folder: string): readonly string[] {
  return readdirSync(join(sharedFolder, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(mp4|avi|mov|webm|gif)$/.test(name))
    .sort()
    .map((name) => join(sharedFolder, folder, name));
}

function requireClips(): void {
  if (!existsSync(join(sharedFolder, "videos/manifest.csv"))) throw new Error("the shared clips are not here");
}

export function ffmpeg(...args: readonly string[]): void {
  execFileSync("ffmpeg", ["-v", "error", "-y", ...args]);
}

function secondsOf(file: string): number {
  const args = ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file];
  return Number(execFileSync("ffprobe", args, { encoding: "utf8" }));
}

/** A pseudo-random sequence of 32-bit numbers. */
function drawer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

/** A part of a concatenation: seconds, and the class predicted for its clip alone. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

/**
 * The labelled clips that are classified correctly when alone, each looped to at least 20 seconds, in a seeded order,
 * as one video at 25 fps. Needs ffmpeg.
 */
export function concatenate(seed: number, filter: string, folder: string): { file: string; truth: readonly Stretch[] } {
  requireClips();
  const draw = drawer(seed);
  const clips = labelledClips().filter(({ named }) => named);
  const order = clips.map((clip) => ({ clip, key: draw() })).sort((a, b) => a.key - b.key);
  const truth: Stretch[] = [];
  const lines: string[] = [];
  for (const [i, { clip }] of order.entries()) {
    const part = join(folder, `${seed}-${i}.mp4`);
    const loops = Math.ceil(20 / secondsOf(clip.file)) - 1;
    const codec = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-video_track_timescale", "12800"];
    const chain = `${filter},setsar=1,fps=25,format=yuv420p`;
    ffmpeg("-stream_loop", String(loops), "-i", clip.file, "-an", "-vf", chain, ...codec, part);
    const start = truth.at(-1)?.end ?? 0;
    truth.push({ start, end: start + secondsOf(part), label: clip.label });
    lines.push(`file '${part}'`);
  }
  const list = join(folder, `${seed}.txt`);
  writeFileSync(list, lines.join("\n"));
  const file = join(folder, `concat-${seed}.mp4`);
  ffmpeg("-f", "concat", "-safe", "0", "-i", list, "-c", "copy", file);
  return { file, truth };
}
