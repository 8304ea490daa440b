/** The lock of a file: one process has it, whatever stands in its place, whoever was killed before. */
import { execFileSync, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { lockFile } from "../src/classify/lock-file.ts";

/** What happens while the code waits, which takes no time here. */
const meanwhile = vi.hoisted(() => ({ run: async () => {} }));
vi.mock("node:timers/promises", () => ({ setTimeout: () => meanwhile.run() }));

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-lock-"));
});
afterAll(() => rm(folder, { recursive: true }));
const newPath = () => join(folder, `${count++}.jsonl`);
const locks = async (path: string) =>
  (await readdir(folder)).map((name) => join(folder, name)).filter((name) => name.startsWith(path));

test("it tells its process, and is all that is left", async () => {
  const path = newPath();
  const lock = await lockFile(path);
  expect(lock).toBe(`${path}.lock`);
  expect(await readFile(lock, "utf8")).toMatch(new RegExp(`^${process.pid} ${hostname()} [-0-9a-f]+\\n$`));
  expect(await locks(path)).toEqual([lock]);
  await expect(lockFile(path)).rejects.toThrow(`${path}: another run is writing it (process ${process.pid} on`);
});

test.each([
  ["a process that runs", () => `${process.ppid} ${hostname()}\n`],
  ["a process of another host", () => "1 elsewhere\n"],
])("one of %s is believed", async (_, text) => {
  const path = newPath();
  await writeFile(`${path}.lock`, text());
  await expect(lockFile(path)).rejects.toThrow(
    `${path}: another run is writing it (process ${parseInt(text(), 10)} on`,
  );
  expect(await readFile(`${path}.lock`, "utf8")).toBe(text());
});

test.each([
  ["a process that is gone", "999999999\n"],
  ["an earlier process of the same number", `${process.pid} ${hostname()}\n`],
])("one of %s is taken over", async (_, text) => {
  const path = newPath();
  await writeFile(`${path}.lock`, text);
  const lock = await lockFile(path);
  expect(await readFile(lock, "utf8")).not.toBe(text);
  expect(await locks(path)).toEqual([lock]);
});

test("one that is being written (where a disk has no links) is waited for", async () => {
  const path = newPath();
  await writeFile(`${path}.lock`, "");
  meanwhile.run = () => writeFile(`${path}.lock`, `${process.ppid} ${hostname()}\n`);
  try {
    await expect(lockFile(path)).rejects.toThrow(`another run is writing it (process ${process.ppid} on`);
  } finally {
    meanwhile.run = async () => {};
  }
});

describe("what tells nobody is refused in one line, and stays", () => {
  test.each<[string, string, (lock: string) => unknown]>([
    ["an empty file", "stays empty or keeps changing", (lock) => writeFile(lock, "")],
    ["other words", "does not name the process that created it", (lock) => writeFile(lock, "hello\n")],
    ["a folder", "is not a regular file", (lock) => mkdir(lock)],
    ["a link to nothing", "is a symbolic link", (lock) => symlink("nowhere", lock)],
    ["a link to itself", "is a symbolic link", (lock) => symlink(lock, lock)],
    ["a pipe", "is not a regular file", (lock) => execFileSync("mkfifo", [lock])],
  ])("%s", async (_, problem, make) => {
    if (process.platform === "win32") return;
    const path = newPath();
    await make(`${path}.lock`);
    await expect(lockFile(path)).rejects.toThrow(
      `${path}: its lock file ${path}.lock ${problem}. If no other process is writing here, delete the lock file.`,
    );
    expect(await locks(path)).toEqual([`${path}.lock`]);
  });

  test.skipIf(process.getuid?.() !== 0)("a file that may not be read (needs root, to be somebody else)", async () => {
    await chmod(folder, 0o777);
    const path = newPath();
    await writeFile(`${path}.lock`, `${process.ppid}\n`, { mode: 0o600 });
    const script = `${imports}; await lockFile(${JSON.stringify(path)}).catch((error) => console.log(error.message))`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { uid: 12345, gid: 12345 });
    let output = "";
    for await (const text of child.stdout) output += text;
    expect(output).toBe(
      `${path}: its lock file ${path}.lock cannot be read (EACCES). If no other process is writing here, delete the lock file.\n`,
    );
  });
});

const imports = `const { lockFile } = await import(${JSON.stringify(new URL("../src/classify/lock-file.ts", import.meta.url).href)})`;

test("of processes that want it at the same time, and are killed with it, one has it", async () => {
  const path = newPath();
  // Half of the time the lock stays behind as that of a process that is gone.
  const script = `${imports};
    const fs = await import("node:fs");
    const path = ${JSON.stringify(path)};
    let [had, both] = [0, 0];
    const end = performance.now() + 6000;
    while (performance.now() < end) {
      let lock;
      try { lock = await lockFile(path); } catch (error) { if (!/another run/.test(error.message)) throw error; continue; }
      had++;
      const mark = path + ".held";
      try { fs.closeSync(fs.openSync(mark, "wx")); } catch { both++; }
      for (const until = performance.now() + Math.random(); performance.now() < until; );
      fs.rmSync(mark, { force: true });
      if (Math.random() < 0.5) { fs.rmSync(lock); continue; }
      fs.writeFileSync(path + "." + process.pid, "99999999" + Math.floor(Math.random() * 9) + " " + ${JSON.stringify(hostname())} + "\\n");
      fs.renameSync(path + "." + process.pid, lock);
    }
    console.log(JSON.stringify({ had, both }));`;
  const outcomes = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
      let [output, complaint] = ["", ""];
      child.stderr.on("data", (text) => {
        complaint += text;
      });
      for await (const text of child.stdout) output += text;
      expect(complaint).toBe("");
      return JSON.parse(output) as { had: number; both: number };
    }),
  );
  expect(outcomes.reduce((sum, { both }) => sum + both, 0)).toBe(0);
  expect(outcomes.reduce((sum, { had }) => sum + had, 0)).toBeGreaterThan(50);
}, 60_000);
