/** Every file of `examples/` runs as its first line says, with a model of random weights and a clip made here. */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { writeModel } from "movinet/formats";
import { buildGraph, defaultCard, randomWeights, specOf } from "movinet/graph";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readConfig } from "../apps/cli/src/watch/config.ts";
import { signatureOf, Webhook } from "../apps/cli/src/watch/webhook.ts";
import { freePort } from "../apps/cli/test/watch/broker.ts";
import { event, status } from "../apps/cli/test/watch/records.ts";
import { carvingIce, hasShared, officialModel, sharedReason } from "../packages/movinet/test/shared.ts";

const examples = fileURLToPath(new URL("../examples/", import.meta.url));
const run = promisify(execFile);
let folder: string;
let model: string;
let clip: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-examples-"));
  model = join(folder, "model.safetensors");
  clip = join(folder, "clip.y4m");
  const labels = ["walking", "running"];
  const spec = specOf("a0-stream", { classes: labels.length, resolution: { height: 64, width: 64 } });
  const weights = randomWeights(buildGraph(spec, { form: "step", frames: 1 }), 1);
  await writeFile(model, writeModel({ spec, weights, card: { ...defaultCard(spec, "random"), labels } }));
  await writeFile(clip, greyVideo(10));
});
afterAll(() => rm(folder, { recursive: true }));

/** An uncompressed video of 5 frames per second that becomes lighter. */
function greyVideo(frames: number): Uint8Array {
  const picture = (k: number) => [
    Buffer.from("FRAME\n"),
    Buffer.alloc(64 * 64, 20 * k),
    Buffer.alloc(2 * 32 * 32, 128),
  ];
  return Buffer.concat([
    Buffer.from("YUV4MPEG2 W64 H64 F5:1 Ip A1:1 C420\n"),
    ...Array.from({ length: frames }, (_, k) => picture(k)).flat(),
  ]);
}

async function runExample(name: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [join(examples, name), ...args]);
  expect(stderr).toBe("");
  return stdout.trimEnd();
}

const secretText = "0123456789abcdef";
const label = "(walking|running)";
const expected: Record<string, { readonly args: () => string[]; readonly stdout: RegExp }> = {
  "background.ts": { args: () => [model], stdout: /^10 frames, and the event loop kept running: true$/ },
  "classify-file.ts": {
    args: () => [clip, model],
    stdout: new RegExp(`^(\\d\\.\\d s: ${label} [\\d.]+ %, ${label} [\\d.]+ %\n?){10}$`),
  },
  "live-stream.ts": {
    args: () => [model],
    stdout: new RegExp(`^(\\d ${label}\n){5}the same after restore: true$`),
  },
  "many-streams.ts": { args: () => [model], stdout: new RegExp(`^(\\d ${label} \\| ${label} \\| ${label}\n?){4}$`) },
  "own-frames.ts": { args: () => [model], stdout: new RegExp(`^1\\.8 s: ${label}$`) },
  "segments.ts": {
    args: () => [clip, model],
    stdout: new RegExp(`^WEBVTT\n\n00:00:00\\.000 --> 00:00:02\\.000\n${label} \\([\\d.]+ %\\)$`),
  },
  "stop.ts": { args: () => [clip, model], stdout: new RegExp(`^${label}$`) },
};

test("every example is here", async () => {
  const files = (await readdir(examples)).filter((name) => name.endsWith(".ts"));
  expect([...Object.keys(expected), "webhook.ts"].sort()).toEqual(files.sort());
});

test.each(Object.entries(expected))("%s", async (name, { args, stdout }) => {
  expect(await runExample(name, ...args())).toMatch(stdout);
});

test("webhook.ts takes what our sender signs, once, and nothing else", async () => {
  const port = await freePort();
  const child = spawn(process.execPath, [join(examples, "webhook.ts"), String(port)], {
    env: { ...process.env, MOVINET_WEBHOOK_SECRET: secretText },
  });
  try {
    let said = "";
    child.stdout.on("data", (text) => {
      said += text;
    });
    await expect.poll(() => said, { timeout: 20_000 }).toBe("listening\n");
    const lines: string[] = [];
    const url = `http://127.0.0.1:${port}/`;
    for (const own of [secretText, "another secret 16"]) {
      const options = { url, secret: own, records: ["event", "status"] as const };
      const hook = new Webhook(options, (line) => lines.push(line));
      hook.write(event({ source: own === secretText ? "door" : "forged" }));
      hook.write(status("lost"));
      await hook[Symbol.asyncDispose]();
    }
    expect(said).toBe("listening\ndoor: start of falling, 2026-01-31T12:00:00.000Z to now\ndoor: lost\n");
    expect(lines[0]).toBe(`movinet: ${url}: the server answered 401 (1 record lost)`);
    const old = String(Math.floor(Date.now() / 1000) - 400);
    const headers = {
      "webhook-id": "a",
      "webhook-timestamp": old,
      "webhook-signature": signatureOf(secretText, "a", old, "{}"),
    };
    expect((await fetch(url, { method: "POST", body: "{}", headers })).status).toBe(401);
  } finally {
    child.kill();
  }
});

test("cameras.yaml is a configuration", async () => {
  const env = { CAMERA_PASSWORD: "a", WEBHOOK_SECRET: secretText, MQTT_PASSWORD: "c" };
  const { cameras, sinks } = await readConfig(join(examples, "cameras.yaml"), env);
  expect(cameras.map(({ name }) => name)).toEqual(["gym", "yard"]);
  expect(sinks.map(({ kind }) => kind)).toEqual(["file", "webhook", "mqtt"]);
});

test("stop.ts tells a missing file by its code", async () => {
  const missing = join(folder, "none.mp4");
  await expect(run(process.execPath, [join(examples, "stop.ts"), missing, model])).rejects.toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^E_VIDEO_NOT_FOUND: .*none\.mp4: no such file\. [^\n]*\n$/),
  });
});

describe.skipIf(!hasShared)(`with the official model${sharedReason}`, () => {
  test("the clip is named", async () => {
    const lines = (await runExample("classify-file.ts", carvingIce, officialModel)).split("\n");
    expect(lines).toHaveLength(22);
    expect(lines.at(-1)).toMatch(/^4\.2 s: carving ice 9\d\.\d %, /);
    expect(await runExample("segments.ts", carvingIce, officialModel)).toMatch(/\ncarving ice \(\d\d %\)$/);
  });
});
