/** Damaged and edited videos of numbered pictures: nothing is wrong quietly, and nothing sound is warned of. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fuzz } from "./cases.ts";

test.each([
  ["truth", 1],
  ["truth", 2001],
  ["edits", 1],
  ["edits", 1251],
  ["edits", 3301],
] as const)("%s, 75 seeds from %d on", async (target, from) => {
  const folder = await mkdtemp(join(tmpdir(), "movinet-truth-"));
  try {
    const { accepted, findings } = await fuzz(target, from, 75, folder);
    expect(findings).toEqual([]);
    expect(accepted).toBeGreaterThan(25);
  } finally {
    await rm(folder, { recursive: true });
  }
});
