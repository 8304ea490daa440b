/** The commands on labels that chance drew: what they print of an accuracy. */

import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Random, randomOf } from "../../../packages/movinet/src/common/random.ts";

import { writeClip } from "../../../packages/movinet/test/data/clips.ts";

/** What a command printed of an accuracy. */
export interface Told {
  readonly low: number;
  readonly high: number;
  readonly better: boolean;
}

const bin = fileURLToPath(new URL("../bin/movinet.js", import.meta.url));

/** What a command writes to stdout, in one line. A process for each: hundreds of networks are too much for one. */
function movinet(...args: readonly string[]): Promise<string> {
  const env = { ...process.env, NO_COLOR: "1" };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [bin, ...args, "--quiet"], { env }, (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout.replace(/\s+/g, " "));
    });
  });
}

function toldIn(text: string): Told | null {
  const [, low, high] = /^\d+ of \d+ clips correct \([\d.]+ %, 95 % interval ([\d.]+)–([\d.]+) %/.exec(text) ?? [];
  if (low !== undefined) {
    return { low: Number(low) / 100, high: Number(high) / 100, better: text.includes("It is better than") };
  }
  if (/^(No accuracy reported|Not a test): /.test(text)) return null;
  throw new Error(`neither an accuracy nor that there is none: ${text}`);
}

/** What `movinet train` tells, and where its model is. */
export async function trainOn(dataset: string, from: string, out: string, options: readonly string[]) {
  const text = await movinet("train", dataset, "--from", from, "--out", out, ...options);
  return { told: toldIn(text), model: join(out, "model.safetensors") };
}

/** What `movinet evaluate` tells. */
export async function evaluateOn(model: string, dataset: string): Promise<Told | null> {
  return toldIn(await movinet("evaluate", model, dataset));
}

/** How often `movinet evaluate --compare` tells the stream network from another, of three. */
export async function differencesOn(model: string, dataset: string, out: string): Promise<number> {
  const text = await movinet("evaluate", model, dataset, "--compare", "--out", out);
  return text.match(/The stream network is (better|worse) than/g)?.length ?? 0;
}

/** Rows of a manifest: file, label, group, start, end, split. */
export type DrawRows = (random: Random) => readonly (readonly string[])[];

/** Writes a manifest in which chance drew the labels. */
export async function drawManifest(file: string, draw: DrawRows, seed: number): Promise<string> {
  const rows = draw(randomOf("labels", seed)).map((row) => row.map((field) => `"${field}"`).join(","));
  await writeFile(file, `${["file,label,group,start,end,split", ...rows].join("\n")}\n`);
  return file;
}

const labels = ["a", "b", "c"];
export const chanceOfNoise: Chance = { even: 1 / labels.length, most: 1 / labels.length };

/** 36 clips of noise in a folder. */
export async function writeNoise(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let clip = 0; clip < 36; clip++) {
    const random = randomOf("noise", clip);
    const luma = () => 16 + random.below(220);
    await writeClip(join(folder, `${clip}.y4m`), { width: 40, height: 40, seconds: 1, luma });
  }
}

function drawLabels(random: Random, clips = 36): readonly string[] {
  return random.shuffle(Array.from({ length: clips }, (_, i) => labels[i % labels.length] as string));
}

/** Manifests of these clips. */
export const noiseDatasets = {
  "36 clips of noise, three of a group": (random) =>
    drawLabels(random).map((label, i) => [`${i}.y4m`, label, `g${Math.floor(i / 3)}`, "", "", ""]),
  "54 stretches of 18 files, a label for each file": (random) =>
    drawLabels(random, 18).flatMap((label, i) =>
      [0, 0.3, 0.6].map((start) => [`${i}.y4m`, label, "", String(start), String(start + 0.3), ""]),
    ),
} as const satisfies Record<string, DrawRows>;

/** 36 clips of noise of which every second group is for testing. */
export const dividedNoise: DrawRows = (random) =>
  drawLabels(random).map((label, i) => {
    const group = Math.floor(i / 3);
    return [`${i}.y4m`, label, `g${group}`, "", "", group % 2 ? "test" : "train"];
  });

/** What guessing reaches: from all classes alike to always the most frequent one. */
export interface Chance {
  readonly even: number;
  readonly most: number;
}

/** How often the interval does not reach chance, and how often it says "better". */
export function faultsOf(told: readonly (Told | null)[], { even, most }: Chance): { missed: number; better: number } {
  const numbers = told.filter((one) => one !== null);
  const missed = numbers.filter(({ low, high }) => low > most || high < even).length;
  return { missed, better: numbers.filter(({ better }) => better).length };
}
