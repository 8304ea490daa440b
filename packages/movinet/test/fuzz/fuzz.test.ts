/** A few seeds of each target, the slow suite has more; `scripts/fuzz.ts` runs as many as you like, bench/results/fuzz.csv says what was run. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fuzz } from "./cases.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-fuzz-"));
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ["safetensors", 80],
  ["tflite", 30],
  ["onnx", 50],
  ["pytorch", 50],
  ["tensorflow", 30],
  ["archive", 15],
  ["snapshot", 40],
  ["video", 4],
] as const)("damaged %s files give a result or one documented error", async (target, count) => {
  const { accepted, refused, findings } = await fuzz(target, 1, count, folder);
  expect(findings).toEqual([]);
  expect(accepted + refused).toBe(count);
  expect(refused).toBeGreaterThan(0);
});
