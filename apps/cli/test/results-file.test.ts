/** The file of results as a journal: whatever a killed run left, a resumed one continues from whole sources. */
import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import fc from "fast-check";
import { writeWhole } from "movinet/files";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ResultsFile } from "../src/classify/results-file.ts";

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-results-"));
});
afterAll(() => rm(folder, { recursive: true }));

const settings = { model: "a0-stream", top: 5 };
const newPath = () => join(folder, `${count++}.jsonl`);
const begin = (path: string) => ResultsFile.open(path, { resume: false, settings });
const resume = (path: string) => ResultsFile.open(path, { resume: true, settings });
const result = (source: string) => JSON.stringify({ type: "result", source, label: "bögen" });
const segment = (source: string) => JSON.stringify({ type: "segment", source });
const failure = (source: string) => JSON.stringify({ type: "error", source });

async function append(file: ResultsFile, ...lines: readonly string[]): Promise<void> {
  const output = await file.open();
  for (const line of lines) output.line(line);
  output.end();
}

/** A file of a run that ended well, or was killed after these sources. */
async function written(...sources: readonly (readonly string[])[]): Promise<string> {
  const path = newPath();
  const file = await begin(path);
  for (const lines of sources) await append(file, ...lines);
  await file[Symbol.asyncDispose]();
  return path;
}

test("a source that is not done leaves nothing", async () => {
  const path = newPath();
  const file = await begin(path);
  await append(file, segment("a"), result("a"));
  (await file.open()).line(segment("b"));
  await file[Symbol.asyncDispose]();
  expect(await readFile(path, "utf8")).toBe(`${segment("a")}\n${result("a")}\n`);
  expect((await readdir(folder)).filter((name) => name.endsWith(".lock"))).toEqual([]);
});

test("cut off anywhere, it continues after the last whole source", async () => {
  const sources = [[segment("a"), segment("a"), result("a")], [result("b")], [segment("c"), result("c")]] as const;
  const whole = await readFile(await written(...sources));
  const ends = sources.map((_, i) =>
    Buffer.byteLength(
      sources
        .slice(0, i + 1)
        .flat()
        .map((line) => `${line}\n`)
        .join(""),
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: whole.length }), async (length) => {
      const path = await written(["{}"]);
      await writeFile(path, whole.subarray(0, length));
      const file = await resume(path);
      // A last line that lacks its line break alone is whole.
      const complete = ends.filter((end) => end <= length + 1).length;
      expect([...file.done]).toEqual(["a", "b", "c"].slice(0, complete));
      for (const lines of sources.slice(complete)) await append(file, ...lines);
      await file[Symbol.asyncDispose]();
      expect(await readFile(path)).toEqual(whole);
    }),
    { numRuns: 60 },
  );
});

test("failed sources are taken out, results that are there twice stay once", async () => {
  const path = await written([result("a")], [failure("b")], [result("a")], [result("c")]);
  const file = await resume(path);
  await file[Symbol.asyncDispose]();
  expect([...file.done]).toEqual(["a", "c"]);
  expect(await readFile(path, "utf8")).toBe(`${result("a")}\n${result("c")}\n`);
});

test("a file that is there is neither overwritten nor continued unasked", async () => {
  const path = await written([result("a")]);
  await expect(begin(path)).rejects.toThrow(`${path}: already exists. Continue it with --resume`);
  expect(await readFile(path, "utf8")).toBe(`${result("a")}\n`);
});

test("resume begins where there is nothing yet", async () => {
  const file = await resume(newPath());
  await file[Symbol.asyncDispose]();
  expect(file.done.size).toBe(0);
});

test("other settings are refused by name", async () => {
  const path = await written([result("a")]);
  await expect(ResultsFile.open(path, { resume: true, settings: { ...settings, top: 3 } })).rejects.toThrow(
    `${path}: was started with top 5, but this run has top 3.`,
  );
  await rm(`${path}.run`);
  await expect(resume(path)).rejects.toThrow(`${path}.run: cannot be read`);
});

test("a file that is damaged inside is left alone", async () => {
  const path = await written([result("a")], ["no json"], [result("b")]);
  const before = await readFile(path, "utf8");
  await expect(resume(path)).rejects.toThrow(`${path}: line 2 is not a movinet result.`);
  expect(await readFile(path, "utf8")).toBe(before);
  expect((await readdir(folder)).filter((name) => /lock|tmp/.test(name))).toEqual([]);
});

test("what is kept is rewritten aside under a name that nobody knows: nothing is written through a planted link", async () => {
  const path = await written([result("a")], [failure("b")]);
  const mine = join(folder, "mine.txt");
  await writeFile(mine, "mine");
  await symlink(mine, `${path}.tmp`);
  await (await resume(path))[Symbol.asyncDispose]();
  expect(await readFile(mine, "utf8")).toBe("mine");
  expect(await readFile(path, "utf8")).toBe(`${result("a")}\n`);
});

test("a link to a file of results stays one, and both names are one run", async () => {
  const path = await written([result("a")], [failure("b")]);
  const link = newPath();
  await symlink(path, link);
  const file = await resume(link);
  await append(file, result("c"));
  await expect(resume(path)).rejects.toThrow(`another run is writing it (process ${process.pid} on`);
  await file[Symbol.asyncDispose]();
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect(await readFile(path, "utf8")).toBe(`${result("a")}\n${result("c")}\n`);
});

test("a file of something else beside it is not taken for settings, nor overwritten", async () => {
  const path = newPath();
  await writeFile(`${path}.run`, "make all\n");
  await expect(begin(path)).rejects.toThrow(`${path}.run: would be overwritten, but is not from movinet.`);
  expect(await readFile(`${path}.run`, "utf8")).toBe("make all\n");
});

test.skipIf(process.platform === "win32")("a device is no file of results, and nothing is left beside it", async () => {
  const path = newPath();
  await symlink("/dev/null", path);
  await expect(begin(path)).rejects.toThrow(`${path}: it is a device or a pipe, not a regular file.`);
  expect((await readdir(folder)).filter((name) => name.startsWith(basename(path)))).toEqual([basename(path)]);
});

test("the permissions of a file that is rewritten stay", async () => {
  const path = await written([result("a")], [failure("b")]);
  await chmod(path, 0o600);
  await (await resume(path))[Symbol.asyncDispose]();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("names with any characters are continued: some break lines without being line feeds", async () => {
  const names = ["a\u2028b", "a\u2029b", "a\u0085b", "a\rb", "a\nb", "ä\u{1f3ac}"];
  const path = await written(...names.map((name) => [result(name)]));
  expect(await readFile(path, "utf8")).not.toMatch(/[\r\u0085\u2028\u2029]/);
  const file = await resume(path);
  await file[Symbol.asyncDispose]();
  expect([...file.done]).toEqual(names);
});

test("a folder that is not there is told in one line", async () => {
  await expect(begin(join(folder, "none", "x.jsonl"))).rejects.toMatchObject({ code: "E_OUTPUT_WRITE" });
});

test("what a run left that was killed while it wrote the file anew is removed, and nothing else", async () => {
  const own = await mkdtemp(join(folder, "killed-"));
  const path = join(own, "results.jsonl");
  const file = await begin(path);
  await append(file, result("a"));
  await file[Symbol.asyncDispose]();
  const other = join(own, ".other.tmp");
  await writeFile(other, "");
  const asides = async () => (await readdir(own)).filter((name) => name.endsWith(".tmp"));
  for (const file of [path, `${path}.run`]) {
    void writeWhole(
      file,
      (async function* () {
        yield "half";
        await new Promise(() => {});
      })(),
    );
  }
  await vi.waitFor(async () => expect(await asides()).toHaveLength(3));
  await (await resume(path))[Symbol.asyncDispose]();
  expect(await asides()).toEqual([basename(other)]);
  expect(await readFile(path, "utf8")).toBe(`${result("a")}\n`);
});
