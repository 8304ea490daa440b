import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openDataset } from "../../src/data/dataset.node.ts";
import { parseCsv, readManifest } from "../../src/data/manifest.ts";
import { told } from "../told.ts";

const read = (text: string, format: "csv" | "jsonl" = "csv") =>
  readManifest(new TextEncoder().encode(text), format, "m.csv");

test("what is written as CSV is read back, whatever is in the fields", () => {
  const field = fc.string({ unit: fc.constantFrom("a", "é", " ", ",", '"', "\r\n", "\n", ";"), maxLength: 8 });
  const record = fc.array(field, { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 5 }), fc.constantFrom("\n", "\r\n"), fc.boolean(), (rows, end, last) => {
      const quoted = rows.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(","));
      const text = quoted.join(end) + (last ? end : "");
      expect(parseCsv(text, "m.csv").map(({ fields }) => fields)).toEqual(rows);
    }),
  );
});

test("any text is read or refused in one line, and always ends", () => {
  const text = fc.string({ unit: fc.constantFrom("a", ",", '"', "\r", "\n", " "), maxLength: 20 });
  const came = { read: 0, refused: 0 };
  fc.assert(
    fc.property(text, (content) => {
      try {
        parseCsv(content, "m.csv");
        came.read++;
      } catch (error) {
        expect(error).toMatchObject({ code: "E_DATASET_LINE" });
        came.refused++;
      }
    }),
  );
  expect(Math.min(came.read, came.refused)).toBeGreaterThan(10);
});

test("columns in any order and case, BOM, CRLF, blank lines, line numbers past line ends in quotes", () => {
  const rows = read(
    '\uFEFFgroup,Label,FILE,note,start,end,split\r\n"a\nb",x; y;x,f.mp4,"say ""hi""",1.5,2,VAL\r\n\r\n,z,g.mp4\r\n',
  );
  const none = { split: null, group: null, start: null, end: null };
  expect(rows).toEqual([
    { line: 2, file: "f.mp4", labels: ["x", "y"], split: "validation", group: "a\nb", start: 1.5, end: 2 },
    { line: 5, file: "g.mp4", labels: ["z"], ...none },
  ]);
});

test("JSON lines: a label or a list of them, numbers or text", () => {
  const lines = [
    '{"file":"a.mp4","label":"x;y","start":0,"end":"1.5"}',
    "",
    '{"file":"b.mp4","label":["x;y"],"group":7}',
  ];
  const none = { split: null, group: null, start: null, end: null };
  expect(read(lines.join("\n"), "jsonl")).toEqual([
    { ...none, line: 1, file: "a.mp4", labels: ["x", "y"], start: 0, end: 1.5 },
    { ...none, line: 3, file: "b.mp4", labels: ["x;y"], group: "7" },
  ]);
});

describe("what is wrong is told with its line", () => {
  const head = "file,label,split,start,end\n";
  test.each([
    ["", "E_DATASET_FORMAT", "m.csv: the header line has no file column. Start the file with"],
    ["file;label\na.mp4;x", "E_DATASET_FORMAT", "m.csv: the header line has no file column."],
    ["file,label,Groups\n", "E_DATASET_FORMAT", 'm.csv: unknown column "groups". Rename it to group.'],
    ["file,label,splits\n", "E_DATASET_FORMAT", 'm.csv: unknown column "splits". Rename it to split.'],
    ["file,class\n", "E_DATASET_FORMAT", "m.csv: the header line has no label column."],
    ["file,label,Label\n", "E_DATASET_FORMAT", "m.csv: the header line has two label columns."],
    [`${head}a.mp4,x\n,x\n`, "E_DATASET_LINE", "m.csv: line 3: the file is missing."],
    [`${head}a.mp4, \n`, "E_DATASET_LINE", "m.csv: line 2: the label is missing."],
    [`${head}a.mp4,x;;y\n`, "E_DATASET_LINE", "m.csv: line 2: one of its labels is empty."],
    [
      `${head}a.mp4,x,trian\n`,
      "E_DATASET_LINE",
      'm.csv: line 2: unknown split "trian": expected train, validation or test.',
    ],
    [`${head}a.mp4,x,,one\n`, "E_DATASET_LINE", 'm.csv: line 2: start must be a number of seconds, got "one".'],
    [`${head}a.mp4,x,,,-1\n`, "E_DATASET_LINE", 'm.csv: line 2: end must be a number of seconds, got "-1".'],
    [`${head}a.mp4,x,,3,2\n`, "E_DATASET_LINE", "m.csv: line 2: the end (2 s) is not after the start (3 s)."],
    [`${head}a,b.mp4,x,,1,2\n`, "E_DATASET_LINE", "m.csv: line 2: it has 6 fields, but the header line has 5 columns."],
    [`${head}"a.mp4,x\n`, "E_DATASET_LINE", "m.csv: line 2: unclosed quote."],
  ])("%j", (text, code, message) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });

  test.each([
    ["{", "line 1: invalid JSON ("],
    ["\n[]", "line 2: not a JSON object."],
    ['{"file":"a.mp4"}', "line 1: the label is missing."],
    ['{"file":"a.mp4","label":[]}', "line 1: the label is missing."],
    ['{"file":true,"label":"x"}', "line 1: file must be a string or a number."],
  ])("%j", (text, message) => {
    expect(() => read(text, "jsonl")).toThrow(told("E_DATASET_LINE", message));
  });

  test("UTF-16 of both byte orders is read where a mark tells it", () => {
    const text = Buffer.from("\uFEFFfile,label\nä.mp4,été\n", "utf16le");
    const expected = [expect.objectContaining({ file: "ä.mp4", labels: ["été"] })];
    expect(readManifest(Buffer.from(text), "csv", "m.csv")).toEqual(expected);
    expect(readManifest(Buffer.from(text).swap16(), "csv", "m.csv")).toEqual(expected);
    expect(() => readManifest(text.subarray(2), "csv", "m.csv")).toThrow(
      told("E_DATASET_FORMAT", "m.csv: it contains zero bytes"),
    );
  });

  test("what stands in the place of a manifest", () => {
    const pointer = Buffer.from("version https://git-lfs.github.com/spec/v1\n");
    expect(() => readManifest(pointer, "csv", "m.csv")).toThrow(
      told("E_DATASET_FORMAT", "m.csv: it is a Git LFS pointer"),
    );
  });

  test.runIf(process.platform !== "win32")("a pipe is not waited for", async () => {
    const folder = await mkdtemp(join(tmpdir(), "movinet-manifest-"));
    try {
      execFileSync("mkfifo", [join(folder, "manifest.csv")]);
      await expect(openDataset(folder)).rejects.toThrow(
        expect.objectContaining({ code: "E_DATASET_UNREADABLE", message: expect.stringContaining("it is a pipe") }),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("bytes that are no text", () => {
    expect(() => readManifest(Uint8Array.of(0x66, 0xff, 0xe9), "csv", "m.csv")).toThrow(
      told("E_DATASET_FORMAT", "m.csv: it is not valid UTF-8 text."),
    );
  });
});
