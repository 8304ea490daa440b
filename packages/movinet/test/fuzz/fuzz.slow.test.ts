import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fuzz } from "./cases.ts";

test("damaged videos give frames or one documented error", async () => {
  const folder = await mkdtemp(join(tmpdir(), "movinet-fuzz-"));
  try {
    const { accepted, refused, findings } = await fuzz("video", 1000, 200, folder);
    expect(findings).toEqual([]);
    expect(accepted).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(20);
  } finally {
    await rm(folder, { recursive: true });
  }
});
