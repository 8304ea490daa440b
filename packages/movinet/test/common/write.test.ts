/** Files are written whole: aside, under a name that nobody knows, then moved to where they belong. */
import { execFileSync } from "node:child_process";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FileAside, findOutput, makeFolder, makeFolders, writeError, writeWhole } from "../../src/common/write.node.ts";
import { told } from "../told.ts";

const isRoot = process.getuid?.() === 0;
const isWindows = process.platform === "win32";
let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-write-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A file in a folder of its own. */
async function place(name = "out.txt"): Promise<string> {
  const own = join(folder, String(count++));
  await mkdir(own);
  return join(own, name);
}

test("what is there is replaced, and keeps its permissions; nothing else is left", async () => {
  const file = await place();
  await writeWhole(file, "one");
  if (!isWindows) await chmod(file, 0o600);
  await writeWhole(file, new TextEncoder().encode("two"));
  expect(await readFile(file, "utf8")).toBe("two");
  if (!isWindows) expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(file, ".."))).toEqual(["out.txt"]);
});

test("what is written aside by others comes to its place when it is kept, with the permissions of what was there, or goes", async () => {
  const file = await place();
  await writeFile(file, "before");
  if (!isWindows) await chmod(file, 0o640);
  const gone = new FileAside(file);
  await writeFile(gone.path, "half");
  await gone[Symbol.asyncDispose]();
  expect([await readFile(file, "utf8"), ...(await readdir(join(file, "..")))]).toEqual(["before", "out.txt"]);
  const kept = new FileAside(file);
  await writeFile(kept.path, "whole");
  await kept.keep();
  await kept[Symbol.asyncDispose]();
  expect([await readFile(file, "utf8"), ...(await readdir(join(file, "..")))]).toEqual(["whole", "out.txt"]);
  if (!isWindows) expect((await stat(file)).mode & 0o777).toBe(0o640);
  const unwritten = new FileAside(file);
  await expect(unwritten.keep()).rejects.toMatchObject({ code: "E_OUTPUT_WRITE", subject: file });
});

describe("folders are made with those around them", () => {
  test.skipIf(isWindows)("with the permissions that are asked for, and they may be there already", async () => {
    const path = await place("a/b/c");
    for (let i = 0; i < 2; i++) await makeFolders(path, 0o700);
    for (const made of [path, join(path, "..")]) expect((await stat(made)).mode & 0o777).toBe(0o700);
    await makeFolder(join(path, ".."));
  });

  test("not where a file is", async () => {
    const file = await place("a");
    await writeFile(file, "");
    await expect(makeFolder(join(file, "b"))).rejects.toMatchObject({ code: "E_OUTPUT_WRITE" });
    await expect(makeFolder(file)).rejects.toMatchObject({ code: "E_OUTPUT_WRITE" });
  });

  test.skipIf(process.platform !== "linux")("not where the system makes none: that ends at once", async () => {
    await expect(makeFolder("/proc/movinet/a/b")).rejects.toMatchObject({ code: "E_OUTPUT_WRITE" });
  });
});

test("a name as long as a name may be", async () => {
  const file = await place("x".repeat(255));
  await writeWhole(file, "x");
  expect(await readFile(file, "utf8")).toBe("x");
});

test("where the content fails, what was there stays", async () => {
  const file = await place();
  await writeWhole(file, "old");
  const content = async function* () {
    yield "half";
    throw new RangeError("no more");
  };
  await expect(writeWhole(file, content())).rejects.toThrow("no more");
  expect(await readFile(file, "utf8")).toBe("old");
  expect(await readdir(join(file, ".."))).toEqual(["out.txt"]);
});

describe.skipIf(isWindows)("what is no plain file", () => {
  test("a link is followed, and stays one", async () => {
    const file = await place();
    const link = await place("link");
    await writeFile(file, "old");
    await symlink(file, link);
    await writeWhole(link, "new");
    expect(await readFile(file, "utf8")).toBe("new");
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await findOutput(link)).toMatchObject({ path: file });
  });

  test.each<[string, string, (file: string) => unknown]>([
    ["a folder", "it is a folder, not a regular file", (file) => mkdir(file)],
    ["a pipe", "it is a device or a pipe, not a regular file", (file) => execFileSync("mkfifo", [file])],
    ["a link to a device", "it is a device or a pipe, not a regular file", (file) => symlink("/dev/null", file)],
    ["a link to nothing", "it is a broken symbolic link", (file) => symlink("nowhere", file)],
    ["a link to itself", "cannot write (ELOOP)", (file) => symlink(file, file)],
  ])("%s is refused, and stays", async (_, problem, make) => {
    const file = await place();
    await make(file);
    const { mode } = await lstat(file);
    await expect(writeWhole(file, "x", "E_PLOT_WRITE")).rejects.toMatchObject({
      code: "E_PLOT_WRITE",
      subject: file,
      message: expect.stringContaining(`${file}: ${problem}`),
    });
    expect((await lstat(file)).mode).toBe(mode);
    expect(await readdir(join(file, ".."))).toEqual(["out.txt"]);
  });

  test.skipIf(!isRoot)("another user's link is not followed (needs root)", async () => {
    const file = await place();
    const link = await place("link");
    await writeFile(file, "mine");
    await symlink(file, link);
    execFileSync("chown", ["-h", "12345", link]);
    await expect(writeWhole(link, "x")).rejects.toThrow(
      told("E_OUTPUT_WRITE", `${link}: it is a symbolic link owned by another user.`),
    );
    expect(await readFile(file, "utf8")).toBe("mine");
  });
});

test.each(["ENOSPC", "EDQUOT"])("%s is called a full disk", (code) => {
  const { message } = writeError("x", Object.assign(new Error(), { code }));
  expect(message).toBe(
    `x: cannot write: the disk is full (${code}). Free up space, or choose a folder on another disk.`,
  );
});
