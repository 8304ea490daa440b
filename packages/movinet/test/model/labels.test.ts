/** Class names come out as they were meant, or are refused: files, data sets, archives behind a model, folders. */
import { execFileSync } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inflate } from "../../src/formats/inflate.ts";
import { readModel, writeModel } from "../../src/formats/model-file.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import { parseLabels } from "../../src/model/labels.ts";
import { kinetics600 } from "../../src/zoo/kinetics600.ts";
import { readLabels } from "../../src/zoo/label-files.node.ts";
import { openModel } from "../../src/zoo/lookup.node.ts";
import { hashedModel } from "../laws/models.ts";
import { hasShared, officialModel, sharedReason } from "../shared.ts";
import { told } from "../told.ts";

const bytesOf = (text: string, encoding: BufferEncoding = "utf8") => new Uint8Array(Buffer.from(text, encoding));
const bigEndian = (text: string) => new Uint8Array(Buffer.from(text, "utf16le").swap16());

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-labels-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a file of class names: trimmed, without a byte order mark, in Unicode NFC", async () => {
  const file = join(folder, "labels.txt");
  await writeFile(file, "\uFEFFe\u0301te\u0301\r\n wave \nclap\n\n");
  expect(await readLabels(file)).toEqual(["\u00e9t\u00e9", "wave", "clap"]);
});

describe("texts", () => {
  test.each([
    ["UTF-8", bytesOf("\u00e9t\u00e9\nwave")],
    ["UTF-8 with CR", bytesOf("\u00e9t\u00e9\rwave\r")],
    ["UTF-16, little-endian", bytesOf("\uFEFF\u00e9t\u00e9\r\nwave\r\n", "utf16le")],
    ["UTF-16, big-endian", bigEndian("\uFEFF\u00e9t\u00e9\nwave\n")],
  ])("%s is read", (_, bytes) => {
    expect(parseLabels(bytes, "l.txt")).toEqual({ names: ["\u00e9t\u00e9", "wave"], warnings: [] });
  });

  test.each([
    [
      "Windows-1252",
      bytesOf("wave\n\u00e9t\u00e9\n", "latin1"),
      "it is not valid UTF-8 text. Save it as UTF-8 text: line 2",
    ],
    ["UTF-16 without a mark", bytesOf("one\ntwo\n", "utf16le"), "it contains zero bytes"],
    ["half a surrogate pair", bytesOf("\uFEFFa\ud800b", "utf16le"), "it is not valid UTF-16 text"],
    ["nothing", bytesOf("\n \n"), "it is empty"],
    ["a gap", bytesOf("one\n\nthree\n"), "line 2 is empty"],
    ["JSON", bytesOf('["one", "two"]'), "it is JSON"],
    ["a label map", bytesOf("item {\n  id: 1\n  name: 'one'\n}\n"), "it is a TensorFlow label map"],
    [
      "a Git LFS pointer",
      bytesOf("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n"),
      "it is a Git LFS pointer",
    ],
    ["a web page", bytesOf("<!DOCTYPE html>\n<html>"), "it is a web page"],
    ["more than a megabyte", new Uint8Array(1_000_001).fill(0x61), "it is larger than 1000000 bytes"],
  ])("%s is refused", (_, bytes, problem) => {
    expect(() => parseLabels(bytes, "l.txt")).toThrow(
      expect.objectContaining({ code: "E_MODEL_LABELS", message: expect.stringContaining(`l.txt: ${problem}`) }),
    );
  });
});

describe("numbers before names", () => {
  const names = ["wave", "clap", "jump rope"];
  test.each([
    ["1 wave\n2 clap\n3 jump rope", 1],
    ["0 wave\n1 clap\n2 jump rope", 0],
    ["0: wave\n1: clap\n2: jump rope", 0],
    ["0,wave\n1,clap\n2,jump rope", 0],
    ["001\twave\n002\tclap\n003\tjump rope", 1],
    ["1. wave\n2. clap\n3. jump rope", 1],
    ['0,"wave"\n1,"clap"\n2,"jump rope"', 0],
    ["id,name\n0,wave\n1,clap\n2,jump rope", 0],
    ["[0] wave\n[1] clap\n[2] jump rope", 0],
    ["#1 wave\n#2 clap\n#3 jump rope", 1],
    ["0_wave\n1_clap\n2_jump rope", 0],
    ['"0": "wave",\n"1": "clap",\n"2": "jump rope"', 0],
  ])("an index is left out, with a warning: %j", (text, first) => {
    const { names: found, warnings } = parseLabels(bytesOf(text), "l.txt");
    expect(found).toEqual(names);
    expect(warnings).toEqual([expect.stringContaining(`the numbers ${first} to ${first + 2} before the names`)]);
  });

  test("an index that is out of order is refused: either order may be the right one", () => {
    expect(() => parseLabels(bytesOf("0 a\n10 k\n1 b\n2 c\n3 d\n4 e\n5 f\n6 g\n7 h\n8 i\n9 j"), "l.txt")).toThrow(
      /the numbers 0 to 10 before its names are not in order/,
    );
  });

  test.each([
    ["wave,0\nclap,1\njump rope,2", 0],
    ["wave\t1\nclap\t2\njump rope\t3", 1],
    ["wave 0\nclap 1\njump rope 2", 0],
    ["name,id\nwave,0\nclap,1\njump rope,2", 0],
    ['"wave": 0,\n"clap": 1,\n"jump rope": 2', 0],
  ])("so is one after the names: %j", (text, first) => {
    const { names: found, warnings } = parseLabels(bytesOf(text), "l.txt");
    expect(found).toEqual(names);
    expect(warnings).toEqual([expect.stringContaining(`the numbers ${first} to ${first + 2} after the names`)]);
  });

  test("one after the names that is out of order is refused too", () => {
    expect(() => parseLabels(bytesOf("clap,1\nwave,0\njump,2"), "l.txt")).toThrow(
      /the numbers 0 to 2 after its names are not in order/,
    );
  });

  test.each([
    ["0 fingers\n1 finger\n2 fingers\n3 fingers", 0],
    ["10 pin bowling\ndarts", 0],
    ["3 point shot\n7 heptathlon", 1],
    ["1\n2\n3", 0],
    ["gesture 1\ngesture 2\ngesture 3", 0],
    ["walk 10\nrun 20", 1],
  ])("other numbers belong to the names: %j", (text, count) => {
    const { names: found, warnings } = parseLabels(bytesOf(text), "l.txt");
    expect(found).toEqual(text.split("\n"));
    expect(warnings).toHaveLength(count);
  });

  test("classes of one name are told of", () => {
    const { names: found, warnings } = parseLabels(bytesOf("crane\nwave\ncrane"), "l.txt");
    expect(found).toHaveLength(3);
    expect(warnings).toEqual(['duplicate class name "crane" in l.txt']);
  });

  test("200,000 names take no time", () => {
    const many = Array.from({ length: 150_000 }, (_, i) => i.toString(36)).join("\n");
    expect(parseLabels(bytesOf(many), "l.txt").names).toHaveLength(150_000);
  });
});

const small = { classes: 3, resolution: { height: 32, width: 32 } };
const model = hashedModel("t0-stream", small);

/** A model file of somebody who knows nothing of us: ours, with its own metadata called otherwise. */
function foreign(): Uint8Array {
  const bytes = Buffer.from(emitTflite(model, { form: "official" }));
  for (let at = bytes.indexOf("movinet."); at >= 0; at = bytes.indexOf("movinet.")) bytes.write("strange.", at);
  return new Uint8Array(bytes);
}

interface Packed {
  readonly name: string;
  readonly text: string;
  readonly deflate?: boolean;
}

/** A file with a ZIP archive behind it whose offsets count from `origin`. */
function withArchive(file: Uint8Array, entries: readonly Packed[], origin = file.length): Uint8Array {
  const [locals, centrals]: [Buffer[], Buffer[]] = [[], []];
  let at = file.length;
  for (const { name, text, deflate } of entries) {
    const data = Buffer.from(text);
    const packed = deflate ? deflateRawSync(data) : data;
    const fixed = Buffer.alloc(26);
    fixed.writeUInt16LE(20, 0);
    fixed.writeUInt16LE(deflate ? 8 : 0, 4);
    fixed.writeUInt32LE(crc32(data), 10);
    fixed.writeUInt32LE(packed.length, 14);
    fixed.writeUInt32LE(data.length, 18);
    fixed.writeUInt16LE(Buffer.byteLength(name), 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at - origin, 10);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), fixed, Buffer.from(name), packed]);
    centrals.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\0"), fixed, tail, Buffer.from(name)]));
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at - origin, 16);
  return new Uint8Array(Buffer.concat([file, ...locals, directory, end]));
}

describe("names that are packed into a TFLite file", () => {
  const labels = { name: "labels.txt", text: "one\ntwo\nthree\n" };

  test.each([
    ["stored", withArchive(foreign(), [labels])],
    ["deflated", withArchive(foreign(), [{ ...labels, deflate: true }])],
    ["with offsets of the whole file", withArchive(foreign(), [labels], 0)],
    ["beside other files", withArchive(foreign(), [{ name: "about.txt", text: "a\nb\nc" }, labels])],
    ["under another name", withArchive(foreign(), [{ ...labels, name: "probability-labels-en.txt" }])],
  ])("are read: %s", (_, bytes) => {
    const { card, warnings } = readModel(bytes, "m.tflite");
    expect(card.labels).toEqual(["one", "two", "three"]);
    expect(warnings).toEqual([]);
  });

  test.each([
    [
      "as many as classes",
      [{ name: "labels.txt", text: "one\ntwo" }],
      "ignored labels.txt embedded in it: it has 2 names, but the model has 3 classes",
    ],
    ["text", [{ name: "labels.txt", text: "\0\0\0" }], "ignored labels.txt embedded in it: it contains zero bytes"],
    [
      "one list",
      [labels, { name: "labels-de.txt", text: "eins\nzwei\ndrei" }],
      "labels.txt and labels-de.txt embedded in it each list 3 class names but disagree",
    ],
  ])("must be %s", (_, entries, warning) => {
    const { card, warnings } = readModel(withArchive(foreign(), entries), "m.tflite");
    expect(card.labels).toBeNull();
    expect(warnings).toEqual([expect.stringContaining(warning)]);
  });

  test("our own, without what only we know", () => {
    const mine = { ...model, card: { ...model.card, labels: ["a", "b", "c"] } };
    const bytes = Buffer.from(emitTflite(mine, { form: "official" }));
    for (let at = bytes.indexOf("movinet."); at >= 0; at = bytes.indexOf("movinet.")) bytes.write("strange.", at);
    expect(readModel(new Uint8Array(bytes), "m.tflite").card.labels).toEqual(["a", "b", "c"]);
  });

  test.each([0, 1, 6, 9])("deflated at level %i", (level) => {
    const data = Buffer.from(kinetics600.join("\n"));
    expect(Buffer.from(inflate(deflateRawSync(data, { level }), data.length)).equals(data)).toBe(true);
    expect(() => inflate(deflateRawSync(data, { level }), data.length - 1)).toThrow(/longer than declared/);
    expect(() => inflate(deflateRawSync(data, { level }).subarray(0, 50), data.length)).toThrow(
      /ends too early|is truncated|an invalid code/,
    );
  });
});

describe("names beside a model", () => {
  const file = () => join(folder, "m.safetensors");
  beforeEach(() => writeFile(file(), writeModel(model)));

  test("the one file that fits is used; others are told of only where none does", async () => {
    await writeFile(join(folder, "labels.txt"), "a\nb\nc");
    await writeFile(join(folder, "old-labels.txt"), "a\nb");
    const { card, warnings } = await openModel(file());
    expect([card.labels, warnings]).toEqual([["a", "b", "c"], []]);
  });

  test("two that fit are named, and neither is used; two that say the same are one", async () => {
    await writeFile(join(folder, "labels.txt"), "a\nb\nc");
    await writeFile(join(folder, "labels-2.txt"), "a\nb\nc\n");
    expect((await openModel(file())).card.labels).toEqual(["a", "b", "c"]);
    await writeFile(join(folder, "labels-2.txt"), "c\nb\na");
    const { card, warnings } = await openModel(file());
    expect(card.labels).toBeNull();
    expect(warnings).toEqual([expect.stringContaining("labels-2.txt and labels.txt next to it each list")]);
  });

  test("those that convert wrote beside another model are that model's", async () => {
    await writeFile(join(folder, "other.labels.txt"), "a\nb\nc\n");
    expect((await openModel(file())).card.labels).toEqual(["a", "b", "c"]);
    for (const another of ["other.tflite", "other.TFLITE"]) {
      await writeFile(join(folder, another), "");
      expect(await openModel(file()), another).toMatchObject({ card: { labels: null }, warnings: [] });
      await rm(join(folder, another));
    }
    await writeFile(join(folder, "other.tflite"), "");
    await writeFile(join(folder, "m.labels.txt"), "c\nb\na\n");
    expect((await openModel(file())).card.labels).toEqual(["c", "b", "a"]);
  });

  test("one that does not fit is told of", async () => {
    await writeFile(join(folder, "labels.txt"), "a\nb\nc\nd");
    expect((await openModel(file())).warnings).toEqual([
      "ignored labels.txt next to it: it has 4 names, but the model has 3 classes",
    ]);
  });

  test.runIf(process.platform !== "win32")("pipes and devices are not waited for", async () => {
    execFileSync("mkfifo", [join(folder, "labels.txt")]);
    expect((await openModel(file())).warnings).toEqual(["ignored labels.txt next to it: it is a pipe, not a file"]);
    const refused = { code: "E_MODEL_LABELS" };
    await expect(openModel(file(), { labels: join(folder, "labels.txt") })).rejects.toMatchObject(refused);
    await expect(openModel(file(), { labels: "/dev/zero" })).rejects.toMatchObject(refused);
    await expect(openModel(join(folder, "labels.txt"))).rejects.toMatchObject({ code: "E_MODEL_UNREADABLE" });
    await expect(openModel("/dev/zero")).rejects.toMatchObject({ code: "E_MODEL_UNREADABLE" });
  });
});

describe("names that are known", () => {
  test("Kinetics-600 has 600 different ones", () => {
    expect(new Set(kinetics600).size).toBe(600);
    expect([kinetics600[0], kinetics600[72], kinetics600[599]]).toEqual(["abseiling", "carving ice", "zumba"]);
  });

  test("by name: kinetics-600, unless there is a file of that name", async () => {
    const many = hashedModel("t0-stream", { ...small, classes: 600 });
    const file = join(folder, "many.safetensors");
    await writeFile(file, writeModel(many));
    expect((await openModel(file, { labels: "kinetics-600" })).card.labels).toEqual(kinetics600);
    await writeFile(join(folder, "m.safetensors"), writeModel(model));
    await expect(openModel(join(folder, "m.safetensors"), { labels: "kinetics-600" })).rejects.toThrow(
      told("E_MODEL_LABELS", /kinetics-600: it has 600 labels, but the model has 3 classes/),
    );
  });

  test.runIf(hasShared)(`Google's file is known by its content${sharedReason}`, async () => {
    const copy = join(folder, "renamed.tflite");
    await copyFile(officialModel, copy);
    expect((await openModel(copy)).card.labels).toEqual(kinetics600);
  });
});
