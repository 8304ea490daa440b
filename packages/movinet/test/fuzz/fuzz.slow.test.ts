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
  ["safetensors", 300],
  ["tflite", 120],
  ["onnx", 200],
  ["pytorch", 200],
  ["tensorflow", 120],
  ["archive", 60],
  ["snapshot", 150],
  ["video", 200],
] as const)("damaged %s files give a result or one documented error", async (target, count) => {
  const { accepted, refused, findings } = await fuzz(target, 1000, count, folder);
  expect(findings).toEqual([]);
  expect(accepted + refused).toBe(count);
  expect(refused).toBeGreaterThan(20);
});
