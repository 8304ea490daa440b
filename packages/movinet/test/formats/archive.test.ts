/** Archives of models are read whole, or refused in one line; nothing of them is written anywhere. */
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { isArchive, unpackArchive } from "../../src/formats/archive.ts";
import { gunzipInNode } from "../../src/formats/gunzip.node.ts";
import { told } from "../told.ts";
import { type TarEntry, tarOf } from "./tar.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const unpack = (entries: readonly TarEntry[]) => unpackArchive(gzipSync(tarOf(entries)), "m.tar.gz");
const refused = (work: Promise<unknown>, message: string | RegExp) =>
  expect(work).rejects.toEqual(told("E_MODEL_FORMAT", message));
const noise = Uint8Array.from({ length: 300_000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
const files: readonly TarEntry[] = [
  { name: "./variables/", type: "5" },
  { name: "./variables/variables.index", content: bytes("index") },
  { name: "variables/noise", content: noise },
];

describe("an archive's files", () => {
  test.each([
    ["gzip", gzipSync(tarOf(files))],
    ["plain", tarOf(files)],
  ])("are read, %s", async (_, archive) => {
    expect(isArchive(archive.subarray(0, 4096))).toBe(true);
    const found = await unpackArchive(archive, "m");
    expect([...found.keys()]).toEqual(["variables/variables.index", "variables/noise"]);
    expect(found.get("variables/variables.index")).toEqual(bytes("index"));
    expect(Buffer.compare(found.get("variables/noise") as Uint8Array, noise)).toBe(0);
  });

  test("come in pieces of any size", async () => {
    const archive = gzipSync(tarOf(files));
    async function* crumbs() {
      for (let at = 0; at < archive.length; at += 7) yield archive.subarray(at, at + 7);
    }
    expect((await unpackArchive(crumbs(), "m")).size).toBe(2);
  });

  test("that are not wanted are not kept", async () => {
    const found = await unpackArchive(tarOf(files), "m", (name) => name.endsWith(".index"));
    expect([...found.keys()]).toEqual(["variables/variables.index"]);
  });

  test("may have long names, in either form", async () => {
    const long = `${"folder/".repeat(30)}x`;
    const fact = ` path=${long}\n`;
    const entries = [
      { name: "././@LongLink", type: "L", content: bytes(`${long}\0`) },
      { name: long.slice(0, 100), content: bytes("a") },
      { name: "PaxHeaders/x", type: "x", content: bytes(`${fact.length + 3}${fact}`) },
      { name: "short", content: bytes("b") },
    ];
    await expect(unpack(entries)).rejects.toThrow("two files named");
    expect([...(await unpack(entries.slice(0, 2))).keys()]).toEqual([long]);
    expect([...(await unpack(entries.slice(2))).keys()]).toEqual([long]);
  });

  test("are no links and no devices", async () => {
    const odd = ["1", "2", "3", "4", "6"].map((type) => ({ name: `odd${type}`, type }));
    expect((await unpack([...odd, { name: "x", content: bytes("x") }])).size).toBe(1);
  });
});

describe("gzip in Node", () => {
  const packed = gzipSync(tarOf(files));
  const pieces = async function* (bytes: Uint8Array) {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  };
  const inNode = (bytes: Uint8Array) => unpackArchive(gunzipInNode(pieces(bytes), "m"), "m");

  test("gives the same files, and refuses the same", async () => {
    expect(await inNode(packed)).toEqual(await unpackArchive(packed, "m"));
    await refused(inNode(packed.subarray(0, packed.length / 2)), "its gzip data is damaged or truncated");
    await refused(inNode(packed.map((byte, i) => (i === 5000 ? byte ^ 1 : byte))), "its gzip data is damaged");
    await refused(
      inNode(gzipSync(tarOf([{ name: "x", content: new Uint8Array(2 ** 27) }]))),
      "more than 20 times its size",
    );
  });

  test("ends its source with it", async () => {
    let ended = false;
    async function* endless() {
      try {
        for (;;) yield packed.subarray(0, 100_000);
      } finally {
        ended = true;
      }
    }
    for await (const chunk of gunzipInNode(endless(), "m")) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(ended).toBe(true);
    async function* broken() {
      yield packed.subarray(0, 100);
      throw new TypeError("the disk is gone");
    }
    await expect(unpackArchive(gunzipInNode(broken(), "m"), "m")).rejects.toThrow("the disk is gone");
  });
});

describe("an archive is refused", () => {
  test.each(["../x", "a/../../x", "/etc/x", "C:\\x", "a\\..\\..\\x"])("with the name %s", async (name) => {
    await refused(unpack([{ name, content: bytes("x") }]), "points outside the archive");
  });

  test("that is cut off, or damaged", async () => {
    const plain = tarOf(files);
    const packed = gzipSync(plain);
    await refused(unpackArchive(packed.subarray(0, packed.length / 2), "m"), "truncated");
    await refused(unpackArchive(plain.subarray(0, 4000), "m"), "truncated");
    const flipped = Uint8Array.from(packed, (byte, i) => (i === packed.length - 6 ? byte ^ 1 : byte));
    await refused(unpackArchive(flipped, "m"), "damaged");
    await refused(unpackArchive(gzipSync("hello"), "m"), "it is not a valid tar archive");
    await refused(unpackArchive(plain.fill(7, 0, 20), "m"), "it is not a valid tar archive");
  });

  test("that grows without end", async () => {
    const bomb = gzipSync(tarOf([{ name: "x", content: new Uint8Array(2 ** 27) }]));
    expect(bomb.length).toBeLessThan(200_000);
    await refused(unpackArchive(bomb, "m"), "more than 20 times its size");
    await refused(unpack([{ name: "x", size: "77777777777" }]), "its files exceed 1.07 GB");
    const many = Array.from({ length: 10_001 }, (_, i) => ({ name: `f${i}` }));
    await refused(unpack(many), "it has more than 10000 files");
  });

  test.each([
    ["at its first piece", () => [new Uint8Array(1000).fill(7)]],
    ["at its first piece, packed", () => [gzipSync("hello"), new Uint8Array(9)]],
    ["later", () => [tarOf(files).subarray(0, 2000), new Uint8Array(1000).fill(7)]],
  ])("and its source ended, %s", async (_, pieces) => {
    let ended = false;
    async function* source() {
      try {
        yield* pieces();
        for (;;) yield new Uint8Array(1000).fill(7);
      } finally {
        ended = true;
      }
    }
    await refused(unpackArchive(source(), "m"), /damaged|not a valid tar archive/);
    expect(ended).toBe(true);
  });

  test("what its source throws is thrown", async () => {
    async function* broken() {
      yield gzipSync(tarOf(files)).subarray(0, 100);
      throw new TypeError("the network is gone");
    }
    await expect(unpackArchive(broken(), "m")).rejects.toThrow("the network is gone");
  });
});
