/** The help of every command, and the page that shows them all. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { commandNames, findCommand, renderHelp } from "../src/commands.ts";

const names = commandNames();
const helpOf = (name: string, width: number) =>
  renderHelp(findCommand(name === "" ? [] : name.split(" ")), { width, color: false });

test("commands come in the order in which a user needs them", () => {
  expect(names.filter((name) => !name.includes(" ")).join(" ")).toBe(
    "classify watch train evaluate dataset convert quantize verify inspect models pull cache bench doctor",
  );
});

describe.each(["", ...names])("help of movinet %s", (name) => {
  test("wraps at words at 60 and 80 columns, and shows each default once", async () => {
    for (const width of [60, 80]) {
      const lines = (await helpOf(name, width)).split("\n");
      // An example is one line, to be copied.
      const examples = lines.indexOf("Examples:");
      const text = examples === -1 ? lines : lines.slice(0, examples);
      expect(text.filter((line) => line.length > width)).toEqual([]);
      for (const entry of text.join("\n").split(/\n(?= {2}\S| {6}-)/)) {
        expect(entry.match(/default/g)?.length ?? 0, entry).toBeLessThanOrEqual(1);
      }
    }
    const words = async (width: number) => (await helpOf(name, width)).split(/\s+/).join(" ");
    expect(await words(60)).toBe(await words(80));
  });
});

test("colour marks headings, and nothing else", async () => {
  const found = findCommand(["inspect"]);
  const coloured = await renderHelp(found, { width: 80, color: true });
  expect(coloured).toContain("\x1b[1mOptions:\x1b[0m");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ANSI codes begin with one
  expect(coloured.replace(/\x1b\[\d+m/g, "")).toBe(await renderHelp(found, { width: 80, color: false }));
});

test("the page of the command line has every command", async () => {
  const page = await readFile(new URL("../../../docs/command-line.md", import.meta.url), "utf8");
  const shown = new Set(Array.from(page.matchAll(/<!-- help (.*?) -->/g), ([, name]) => name));
  expect(names.filter((name) => !shown.has(name) && findCommand(name.split(" ")).entry.load)).toEqual([]);
});

test("help of a command, asked for in three ways", () => {
  for (const args of [
    ["dataset", "check", "--help"],
    ["help", "dataset", "check"],
    ["dataset", "check"],
  ]) {
    expect(findCommand(args).path).toEqual(["movinet", "dataset", "check"]);
  }
});
