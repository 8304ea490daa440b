import { isUtf8 } from "node:buffer";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOfPath, pathOf } from "../../src/common/read.node.ts";

/** Bytes in which valid characters, cut ones and stray bytes lie side by side. */
const mixedBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.string({ unit: "binary", maxLength: 3 }).map((text) => new Uint8Array(Buffer.from(text, "utf8"))),
      fc
        .string({ unit: "binary", maxLength: 1 })
        .map((text) => new Uint8Array(Buffer.from(text, "utf8").subarray(0, -1))),
      // The bytes that lone surrogates would have, were they UTF-8.
      fc.integer({ min: 0xa0, max: 0xbf }).map((byte) => Uint8Array.of(0xed, byte, 0x80)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts));

test("all bytes come back from the text that they became", () => {
  const property = fc.property(mixedBytes, (bytes) => {
    expect(bytesOfPath(pathOf(bytes)).equals(bytes)).toBe(true);
  });
  fc.assert(property, { numRuns: 2000 });
});

test("every single byte and every pair of bytes comes back", () => {
  for (let first = 0; first < 256; first++) {
    expect(bytesOfPath(pathOf(Buffer.of(first)))).toEqual(Buffer.of(first));
    for (let second = 0; second < 256; second++) {
      const bytes = Buffer.of(first, second);
      if (!bytesOfPath(pathOf(bytes)).equals(bytes)) expect.fail(`${first}, ${second}`);
    }
  }
});

test("what is UTF-8 becomes the text that it is, and all else becomes no text that could be UTF-8", () => {
  const text = fc.property(fc.string({ unit: "binary" }), (name) => {
    expect(pathOf(Buffer.from(name, "utf8"))).toBe(name);
  });
  fc.assert(text);
  const bytes = fc.property(mixedBytes, (name) => {
    expect(pathOf(name).isWellFormed()).toBe(isUtf8(name));
  });
  fc.assert(bytes);
});

test("a byte outside UTF-8 becomes the surrogate that Python gives it", () => {
  expect(pathOf(Buffer.from("caf\xe9.mp4", "latin1"))).toBe("caf\udce9.mp4");
  expect(pathOf(Buffer.from([0xed, 0xb2, 0x80]))).toBe("\udced\udcb2\udc80");
  expect(pathOf(Buffer.from([0xf0, 0x9f, 0x8e, 0xac, 0xf0, 0x9f]))).toBe("🎬\udcf0\udc9f");
  expect(JSON.stringify(pathOf(Buffer.of(0xff)))).toBe('"\\udcff"');
});

test.skipIf(process.platform !== "linux")("a file of such a name is found and opened", async () => {
  const folder = await mkdtemp(join(tmpdir(), "movinet-"));
  try {
    const name = Buffer.from("caf\xe9", "latin1");
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), name]), "here");
    const [found] = await readdir(folder, { encoding: "buffer" });
    const path = join(folder, pathOf(found as Buffer));
    expect(await readFile(bytesOfPath(path), "utf8")).toBe("here");
  } finally {
    await rm(folder, { recursive: true });
  }
});
