/** The README's commands run as they stand there, in their order. Those for one's own weights have a test of their own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandLine } from "../apps/cli/test/command-line.ts";
import { writeTinyModel } from "../apps/cli/test/tiny-model.ts";
import { makeVideo } from "../packages/movinet/test/video/make-video.ts";

const page = readFileSync(fileURLToPath(new URL("../README.md", import.meta.url)), "utf8");
const others = page.replace(/<!-- own-weights -->[\s\S]*<!-- \/own-weights -->/, "");
const blocks = Array.from(others.matchAll(/^```sh\n([\s\S]*?)^```$/gm), ([, block = ""]) => block.trim());
const lines = blocks.flatMap((block) => block.split("\n")).map((line) => line.replace(/ +#.*$/, ""));
// A peer is another program, which bench/README.md says how to install.
const commands = lines.filter((line) => line.startsWith("npx movinet ") && !line.includes("--peer"));

let folder: string;
const { run } = commandLine(() => folder);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "movinet-readme-"));
  await writeTinyModel(join(folder, "cache/a0-stream.safetensors"), null);
  for (const name of ["clip.mp4", "new.mp4", "long.mp4"]) makeVideo(join(folder, name), { count: 50 });
  for (const label of ["wave", "clap"]) {
    mkdirSync(join(folder, "clips", label), { recursive: true });
    for (let i = 0; i < 5; i++) {
      makeVideo(join(folder, "clips", label, `${i}.mp4`), { count: 50 + i + (label === "wave" ? 10 : 0) });
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("there are commands", () => expect(commands.length).toBeGreaterThan(10));

test.each(commands)("%s", async (line) => {
  const given = line.replace("MODEL", "runs/train-1/model.safetensors").replace("DATASET", "clips/");
  const { code, stderr } = await run(...given.split(/ +/).slice(2));
  expect(stderr).not.toMatch(/internal:|E_USAGE|no such/);
  // The clips here are alike, which the check of a dataset says.
  expect(code, stderr).toBe(line.includes("dataset check") ? 1 : 0);
});
