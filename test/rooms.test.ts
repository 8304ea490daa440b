/** The order of the rooms in `packages/movinet/src`: a file imports from its own room and from those before it. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const rooms = [
  "common",
  "graph",
  "arch",
  "model",
  "formats",
  "zoo",
  "engines",
  "session",
  "video",
  "flow",
  "plot",
  "watch",
  "synth",
  "data",
  "evaluate",
  "train",
  "verify",
  "quantize",
] as const;
const source = fileURLToPath(new URL("../packages/movinet/src/", import.meta.url));
const files = globSync("**/*.ts", { cwd: source });
const importsOf = new Map(files.map((file) => [file, importedBy(file)]));

function importedBy(file: string): readonly string[] {
  const text = readFileSync(join(source, file), "utf8");
  const found = text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...found].map(([, path]) => normalize(join(dirname(file), path as string)));
}

const roomOf = (file: string): string => (file.includes("/") ? (file.split("/")[0] as string) : "");

test("every file is in a room, or an entry", () => {
  const strange = files.filter((file) => !/^index\.[\w.]+$/.test(file) && !rooms.some((room) => room === roomOf(file)));
  expect(strange).toEqual([]);
});

test("no file imports from a later room, or an entry", () => {
  const places = new Map<string, number>(rooms.map((room, place) => [room, place]));
  const upward = files.flatMap((file) => {
    const own = places.get(roomOf(file)) ?? rooms.length;
    const above = (importsOf.get(file) ?? []).filter((other) => (places.get(roomOf(other)) ?? rooms.length) > own);
    return above.map((other) => `${file} imports ${other}`);
  });
  expect(upward).toEqual([]);
});

test("no files import each other in a circle", () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
      return;
    }
    if (done.has(file)) return;
    for (const other of importsOf.get(file) ?? []) visit(other, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});
