/** Every command that opens an int8 file for use says that nobody compared it, also when it is to be quiet. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandLine } from "./command-line.ts";

const shared = process.env["MOVINET_SHARED"] ?? fileURLToPath(new URL("../../../../shared", import.meta.url));
const model = join(shared, "models/cow_a0_stream_int8.tflite");
const video = join(shared, "videos/derived/soccer_2frames.mp4");
let folder: string;
const { run } = commandLine(() => folder);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-unproven-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(!existsSync(model))(`an int8 file without a receipt (skipped where there is no ${model})`, () => {
  const warning =
    /^movinet: .*cow_a0_stream_int8\.tflite: warning: full-int8 files of networks with squeeze-and-excitation/gm;

  test.each([
    ["classify", video, "--model", model, "--quiet"],
    ["convert", model, "out.safetensors", "--quiet"],
    ["bench", model, "--rounds", "1", "--quiet"],
  ])("%s warns once", async (...args) => {
    const { code, stderr } = await run(...args);
    expect({ code, warnings: stderr.match(warning)?.length }).toEqual({ code: 0, warnings: 1 });
  });

  test("the result of classify --json carries it among its warnings, once", async () => {
    const { stdout, stderr } = await run("classify", video, "--model", model, "--json");
    expect(stderr).toMatch(warning);
    const { warnings } = JSON.parse(stdout.trim().split("\n").at(-1) as string);
    const unproven = (warnings as string[]).filter((text) => /this one carries no parity receipt/.test(text));
    expect(unproven).toHaveLength(1);
  });
});
