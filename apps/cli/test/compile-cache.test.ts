/** What Node compiled is kept where nobody else can put something in its place, or not at all. */
import { spawnSync } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cacheFolder } from "../../../packages/movinet/src/zoo/cache-folder.node.ts";
import { movingSpot, writeClip } from "../../../packages/movinet/test/data/clips.ts";
// @ts-expect-error: it is plain JavaScript, without declarations.
import { cacheFolder as ownCacheFolder } from "../bin/compile-cache.js";

const bin = fileURLToPath(new URL("../bin/movinet.js", import.meta.url));
const isRoot = process.getuid?.() === 0;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-compiled-"));
  await mkdir(join(folder, "tmp"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs a command with a temporary folder of its own, and a cache in `cache`. */
function run(args: readonly string[], more: NodeJS.ProcessEnv = {}): void {
  const { NODE_COMPILE_CACHE: _, NODE_DISABLE_COMPILE_CACHE: __, ...env } = process.env;
  const own = { ...env, TMPDIR: join(folder, "tmp"), MOVINET_CACHE: join(folder, "cache"), ...more };
  const { status, stderr } = spawnSync(process.execPath, [bin, ...args], { env: own, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
}
const compiled = () => readdir(join(folder, "cache/compile"), { recursive: true });

test.each([
  ["linux", { HOME: "/x" }],
  ["linux", { XDG_CACHE_HOME: "/y" }],
  ["darwin", {}],
  ["win32", { LOCALAPPDATA: "C:\\z" }],
  ["win32", {}],
  ["linux", { MOVINET_CACHE: "/own" }],
] as const)("the cache's folder is the library's: %s %j", (platform, env) => {
  expect(ownCacheFolder(env, platform)).toBe(cacheFolder(env, platform));
});

test("it is kept in the cache's folder, for this user alone, and nothing lies in the temporary folder", async () => {
  run(["--version"]);
  expect((await compiled()).length).toBeGreaterThan(3);
  if (process.getuid) expect((await stat(join(folder, "cache/compile"))).mode & 0o777).toBe(0o700);
  expect(await readdir(join(folder, "tmp"))).toEqual([]);
});

test.skipIf(process.platform !== "linux")("a place where no folder can be made is done without", () => {
  run(["--version"], { MOVINET_CACHE: "/proc/movinet" });
});

test("processes that it starts keep theirs there too", async () => {
  run(["--version"]);
  const before = await compiled();
  for (const label of ["a", "b"]) {
    for (let i = 0; i < 2; i++) {
      const luma = movingSpot(i + (label === "a" ? 0 : 2));
      await writeClip(join(folder, `clips/${label}/${i}.y4m`), { luma });
    }
  }
  spawnSync(process.execPath, [bin, "dataset", "check", join(folder, "clips")], {
    env: { ...process.env, TMPDIR: join(folder, "tmp"), MOVINET_CACHE: join(folder, "cache") },
  });
  expect((await compiled()).length).toBeGreaterThan(before.length);
  expect(await readdir(join(folder, "tmp"))).toEqual([]);
});

test("the user's own folder holds", async () => {
  run(["--version"], { NODE_COMPILE_CACHE: join(folder, "own") });
  expect((await readdir(join(folder, "own"))).length).toBe(1);
  expect(await readdir(folder)).not.toContain("cache");
});

describe.skipIf(!process.getuid)("nothing is kept where somebody else may write", () => {
  test.each([
    ["the cache's folder", "cache"],
    ["the folder of what was compiled", "cache/compile"],
    ["a folder around them", "."],
  ])("%s", async (_, place) => {
    await mkdir(join(folder, "cache/compile"), { recursive: true });
    await chmod(join(folder, place), 0o770);
    run(["--version"]);
    expect(await compiled()).toEqual([]);
    expect(await readdir(join(folder, "tmp"))).toEqual([]);
  });

  test.skipIf(!isRoot).each(["cache", "cache/compile"])(
    `a folder of another user: %s${isRoot ? "" : " (needs root)"}`,
    async (place) => {
      await mkdir(join(folder, "cache/compile"), { recursive: true, mode: 0o700 });
      await chown(join(folder, place), 12345, 12345);
      run(["--version"]);
      expect(await compiled()).toEqual([]);
    },
  );

  test.each(["cache", "cache/compile"])("a link: %s", async (place) => {
    await mkdir(join(folder, "elsewhere/compile"), { recursive: true });
    if (place !== "cache") await mkdir(join(folder, "cache"));
    await symlink(join(folder, place === "cache" ? "elsewhere" : "elsewhere/compile"), join(folder, place));
    run(["--version"]);
    expect(await readdir(join(folder, "elsewhere/compile"))).toEqual([]);
  });
});
