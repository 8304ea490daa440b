/** `movinet dataset synth`: wrong usage in one line, results on stdout. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { synthCommand } from "../src/dataset/synth.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-synth-"));
});
afterAll(() => rm(folder, { recursive: true }));

const run = async (...args: string[]) => synthCommand.run(args);

test.each([
  [[], "dataset synth: missing KIND. Usage: movinet dataset synth [options] KIND OUT."],
  [["camera-motion"], "dataset synth: missing OUT."],
  [["dance", "out"], "dance: unknown kind of clips. Use camera-motion."],
  [["camera-motion", "out", "--clips", "0"], '--clips must be an integer from 1 to 1000000, got "0".'],
  [["camera-motion", "out", "--seed", "x"], '--seed must be an integer ≥ 0, got "x".'],
  [
    ["camera-motion", "out", "--size", "33x48"],
    '--size must be WIDTHxHEIGHT with even sides from 32 to 1280, such as 192x144, got "33x48".',
  ],
  [
    ["camera-motion", "out", "--size", "big"],
    '--size must be WIDTHxHEIGHT with even sides from 32 to 1280, such as 192x144, got "big".',
  ],
  [["camera-motion", "out", "--seconds", "0.1"], '--seconds must be from 0.3 to 60 seconds, got "0.1".'],
])("%j", async (args, message) => {
  await expect(run(...args)).rejects.toThrow(message);
});

test("makes clips and tells of them", async () => {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  const out = join(folder, "clips");
  const options = ["--clips", "2", "--size", "48x32", "--seconds", "0.3", "--quiet"];
  try {
    expect(await run("camera-motion", out, ...options, "--json")).toBe(0);
    expect(await run("camera-motion", join(folder, "more"), ...options)).toBe(0);
  } finally {
    spy.mockRestore();
  }
  const { type, kind, path, clips, labels } = JSON.parse(written[0] ?? "");
  expect([type, kind, path, clips, labels.length]).toEqual(["synth", "camera-motion", out, 2, 10]);
  expect(written[1]).toMatch(
    /more: 2 clips of 10 labels in .* \(train 2, validation 0, test 0\); manifest.csv lists them\n$/,
  );
  await expect(run("camera-motion", out, ...options)).rejects.toThrow(`${out}: already contains other files`);
}, 60_000);
