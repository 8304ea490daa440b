/** Public hosts that drop connections, lie, refuse, dawdle or give something else, under their own names: the right weights come all the same. */
import { readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { writePytorch } from "../../src/formats/pytorch/write.ts";
import { withoutTexts } from "../formats/pytorch/torch-file.ts";
import { figuresOf, modelOfFigures } from "../golden/figures.ts";
import { checkLogits, pathOf, rowOf, small, useWorld } from "./golden-world.ts";
import { file, type Give, inTurn, redirect, status } from "./server.ts";

const { cache, world, bring } = useWorld();

describe("hosts that do badly: the reference's logits come nevertheless", () => {
  const figures = "a0-stream-10classes-gateA";
  const content = () => withoutTexts(writePytorch(modelOfFigures(figuresOf(figures))));

  test.each<[string, (bytes: Uint8Array) => Give, asked: RegExp]>([
    [
      "the connection drops, again and again",
      (bytes) => file(bytes, { cut: 2_990_000 }),
      /bytes=2\d{6}-.*bytes=8\d{6}-/s,
    ],
    ["it drops, and versions are unknown", (bytes) => file(bytes, { cut: 2_990_000, etag: null }), /bytes=8\d{6}-/],
    ["busy at first", (bytes) => inTurn(status(503), status(429, { "retry-after": "0" }), file(bytes)), /./],
  ])("%s", async (_, give, asked) => {
    const bytes = content();
    const row = rowOf("a0-stream", small, bytes);
    world().paths.set(pathOf(row, 0), give(bytes));
    await checkLogits(await bring(row), figures);
    expect(world().asked.join("\n")).toMatch(asked);
    expect(world().asked.every((path) => path.startsWith("raw."))).toBe(true);
  });

  test.each<[string, (bytes: Uint8Array) => Give]>([
    ["wrong bytes", (bytes) => file(bytes.map((byte, at) => (at === 5_000_000 ? byte ^ 1 : byte)))],
    ["not there", () => status(404)],
    ["not given", () => status(403)],
    ["always busy", () => status(503)],
    ["a slow trickle", (bytes) => file(bytes, { rate: 10 })],
    ["nothing at all", () => () => {}],
    ["less than it has, by its Content-Length", (bytes) => file(bytes, { length: 1_000_000 })],
    [
      "more than it has",
      (bytes) => (response) => {
        response.writeHead(200, { "content-length": bytes.length + 1 });
        response.write(bytes);
        setTimeout(() => response.destroy(), 500);
      },
    ],
    ["a whole disk, by its Content-Length", (bytes) => file(bytes, { length: 1e13 })],
    ["to another place without https", () => redirect("http://storage.googleapis.com/m")],
  ])("%s: the next source", async (_, give) => {
    const bytes = content();
    const row = rowOf("a0-stream", small, bytes);
    world().paths.set(pathOf(row, 0), give(bytes));
    world().paths.set(pathOf(row, 1), file(bytes));
    await checkLogits(await bring(row), figures);
    expect(world().asked.at(-1)).toBe(pathOf(row, 1));
    expect((await readdir(cache())).sort()).toEqual(["a0-stream.safetensors", "models.lock.json"]);
  });
});
