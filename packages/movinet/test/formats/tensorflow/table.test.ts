/** The index of a checkpoint: what is written is read, what another writer made is read, and damage is found. */
import { describe, expect, test } from "vitest";
import { isTable, readTable } from "../../../src/formats/tensorflow/read/table.ts";
import { writeTable } from "../../../src/formats/tensorflow/write/table.ts";
import { tableOf } from "./bundles.ts";

const entries = Array.from(
  { length: 300 },
  (_, i) => [`model/layer-${i}/kernel`, Uint8Array.from({ length: i % 40 }, (_, k) => (i + k) & 255)] as const,
);
const sorted = new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));

describe("a table", () => {
  test("that we wrote", () => {
    const bytes = writeTable(new Map(entries));
    expect(isTable(bytes)).toBe(true);
    expect([...readTable(bytes)]).toEqual([...sorted]);
    expect(writeTable(readTable(bytes))).toEqual(bytes);
    // Keys share their beginnings.
    expect(bytes.length).toBeLessThan(entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0));
  });

  test("of many blocks", () => {
    const large = new Map(entries.map(([key]) => [key, new Uint8Array(5000).fill(key.length)]));
    expect(readTable(writeTable(large))).toEqual(large);
  });

  test.each([true, false])("that another writer wrote; Snappy: %s", (snappy) => {
    expect([...readTable(tableOf(entries, snappy))]).toEqual([...sorted]);
  });
});

test("every damaged byte is found, or changes nothing", () => {
  const small = new Map(entries.slice(0, 12));
  const bytes = writeTable(small);
  const refused = [...bytes].map((_, at) => {
    const damaged = bytes.slice();
    damaged[at] = (damaged[at] as number) ^ 0x41;
    try {
      expect(readTable(damaged)).toEqual(readTable(bytes));
      return false;
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).constructor).toBe(Error);
      return true;
    }
  });
  // Not looked at: the block that would tell of filters, and zeros in the footer.
  expect(refused.filter((is) => !is).length).toBeLessThan(60);
});

describe("a table is refused", () => {
  const bytes = writeTable(new Map(entries));
  test.each([
    ["that is empty", new Uint8Array(), "does not end like an index"],
    ["that is cut off", bytes.subarray(0, -1), "does not end like an index"],
    ["whose beginning is gone", bytes.subarray(100), "outside the file|checksum"],
    ["with one name twice", tableOf([...entries, ["model/layer-1/kernel", new Uint8Array()]], false), "two entries"],
    ["with names without end", tableOf([["k".repeat(600), new Uint8Array()]], false), "too long"],
  ])("%s", (_, table, problem) => {
    expect(() => readTable(table)).toThrow(new RegExp(problem));
  });
});
