import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkVideoDevices } from "../src/doctor/checks.ts";
import { commandLine } from "./command-line.ts";

let folder = "";
let cache: string | null = null;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-doctor-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

const { run } = commandLine(
  () => folder,
  () => (cache === null ? {} : { MOVINET_CACHE: cache }),
);

test("every part that is installed here works, and each check is a line", async () => {
  const { code, stdout, stderr } = await run("doctor", "--json");
  expect([code, stderr]).toEqual([0, ""]);
  const checks = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(checks.map(({ name }) => name)).toEqual([
    "node",
    "processor",
    "decoding H.264",
    "decoding H.265",
    "engine cpu",
    "engine litert",
    "engine wasm",
    "speed",
    "cache",
    "cameras",
  ]);
  for (const { type, name, state, remedy } of checks) {
    expect(type).toBe("check");
    // The processor may be busy.
    if (name !== "processor") expect([name, state, remedy]).toEqual([name, "ok", null]);
  }
});

test("a cache that cannot be written is a failure, and the line says what to do", async () => {
  cache = join(folder, "file", "cache");
  await writeFile(join(folder, "file"), "");
  const { code, stdout } = await run("doctor");
  expect(code).toBe(1);
  expect(stdout.replace(/\s+/g, " ")).toContain(
    `FAILED cache: ${cache} cannot be written (ENOTDIR). Set MOVINET_CACHE to a folder that you may write.`,
  );
});

test("video devices that cannot be opened are named, with the command that helps", async () => {
  for (const name of ["video0", "video1", "vhost-net", "videoX"]) await writeFile(join(folder, name), "");
  const mayRead = async (path: string) => path.endsWith("video0");
  expect(await checkVideoDevices(folder, mayRead)).toEqual({
    name: "cameras",
    state: "warning",
    found: `${join(folder, "video1")} cannot be opened by this user`,
    remedy: "Run sudo usermod -aG video $USER and log in again",
  });
  expect(await checkVideoDevices(folder, async () => true)).toMatchObject({
    state: "ok",
    found: `${join(folder, "video0")}, ${join(folder, "video1")}`,
  });
  expect(await checkVideoDevices(join(folder, "none"))).toMatchObject({ state: "ok" });
});
