/** Projects of JavaScript users: our packed packages, installed as the documentation says, and the tools around them. */
import { exec } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { open } from "movinet";
import { motionVideo } from "../../packages/movinet/test/video/make-motion.ts";
import { makeVideo } from "../../packages/movinet/test/video/make-video.ts";
import { packPackages } from "../../scripts/pack.ts";
import { openRegistry } from "../package/registry.ts";
import { npmObstacle, npmProject } from "./environment.ts";

/** Why these clients cannot run here, or the empty string. */
export const obstacle =
  `${process.platform}-${process.arch}` === "linux-x64"
    ? npmObstacle()
    : " (skipped: they are pinned for Linux on x64)";

/** The model that comes with the command line. */
export const model = fileURLToPath(new URL("../../apps/cli/models/camera-motion.safetensors", import.meta.url));

/** A folder for projects in which our packages can be installed. */
export interface Workplace {
  readonly folder: string;
  /** Runs a line of the documentation, as a shell does. */
  sh(command: string, cwd: string): Promise<void>;
  /** An empty project in which such lines were run. */
  project(name: string, commands: readonly string[]): Promise<string>;
  close(): void;
}

export async function openWorkplace(): Promise<Workplace> {
  const folder = mkdtempSync(join(tmpdir(), "movinet-javascript-"));
  const registry = await openRegistry(packPackages(join(folder, "packed")));
  const sh = async (command: string, cwd: string) => {
    await promisify(exec)(command, { cwd, env: { ...process.env, ...registry.env }, timeout: 300_000 });
  };
  return {
    folder,
    sh,
    async project(name, commands) {
      const project = join(folder, name);
      mkdirSync(project);
      writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
      for (const command of commands) await sh(command, project);
      return project;
    },
    close() {
      registry.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A project with tools of these names and versions; returns the path of a file in it. */
export async function tools(name: string, packages: readonly string[]): Promise<(path: string) => string> {
  const folder = await npmProject(name, packages);
  return (path) => join(folder, "node_modules", path);
}

/** Frames of 48 × 32 pixels whose content moves, one behind the other. */
export const ownFrames = { width: 48, height: 32, count: 12 } as const;

export function ownPictures(): Uint8Array {
  const { width, height, count } = ownFrames;
  return Uint8Array.from({ length: 3 * width * height * count }, (_, i) => {
    const [frame, pixel, channel] = [Math.floor(i / (3 * width * height)), Math.floor(i / 3) % (width * height), i % 3];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return 128 + 120 * Math.sin((x + 3 * frame) / (4 + channel)) * Math.cos(y / 5);
  });
}

/** A wide clip of a camera that pans. */
export function writeClip(file: string): void {
  const codec = file.endsWith(".webm") ? "libvpx" : "libx264";
  makeVideo(file, motionVideo({ label: "pan left", fps: 25, count: 50, width: 640, height: 360, codec }));
}

/** The scores after the last frame, as this repository computes them. */
export async function expectedScores(source: string | Uint8Array): Promise<readonly number[]> {
  await using recognizer = await open(model);
  let scores: readonly number[] = [];
  if (typeof source === "string") {
    for await (const result of recognizer.classify(source)) scores = [...result.scores];
    return scores;
  }
  const { width, height, count } = ownFrames;
  const stream = await recognizer.stream();
  for (let k = 0; k < count; k++) {
    const data = source.subarray(3 * width * height * k, 3 * width * height * (k + 1));
    scores = [...(await stream.step({ data, width, height })).scores];
  }
  return scores;
}
