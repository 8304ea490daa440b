import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const bin = fileURLToPath(new URL("../bin/movinet.js", import.meta.url));
const run = promisify(execFile);

test("bench times a model that nobody has, in rows of the contract, and skips peers with a reason", async () => {
  const args = ["bench", "t0-stream", "--rounds", "1", "--json", "--peer", "onnxruntime-plain,litert"];
  const home = await mkdtemp(join(tmpdir(), "movinet-home-"));
  const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, ...inherited } = process.env;
  const env = { ...inherited, MOVINET_CACHE: "/nonexistent", HOME: home };
  const { stdout, stderr } = await run(process.execPath, [bin, ...args], { env });
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(rows.map(({ peer }) => peer)).toEqual([null, "onnxruntime-plain"]);
  expect(rows[0]).toMatchObject({
    type: "bench",
    model: "t0-stream",
    device: "cpu",
    threads: 1,
    ratio: null,
    fileBytes: null,
  });
  for (const row of rows) {
    const { p50Ms, p95Ms, framesPerSecond, sessionMs, peakRssBytes } = row as Record<string, number>;
    expect(p95Ms).toBeGreaterThanOrEqual(p50Ms as number);
    expect(framesPerSecond).toBeCloseTo(1000 / (p50Ms as number), -2);
    expect(sessionMs).toBeGreaterThan(0);
    expect(peakRssBytes).toBeGreaterThan(5e7);
  }

  expect(rows[0]?.["copiedBytesPerStep"]).toBeGreaterThan(1e5);
  expect(stderr).toContain("movinet: litert: skipped: LiteRT needs a .tflite file");
  // ONNX Runtime keeps an id and its reports in the home folder where its telemetry is on.
  expect(await readdir(home)).toEqual([]);
  await rm(home, { recursive: true });
});

test("a model that cannot be opened is one line and exit code 1; an unknown peer is wrong usage", async () => {
  await expect(run(process.execPath, [bin, "bench", "no-such", "--quiet"])).rejects.toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^movinet: .*no-such: no model file or model name matches\..*\n$/),
  });
  await expect(run(process.execPath, [bin, "bench", "--peer", "tpu"])).rejects.toMatchObject({ code: 2, stdout: "" });
});
