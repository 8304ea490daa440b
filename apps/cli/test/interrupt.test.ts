/** The first signal asks for an end, the second is one. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { writeModel } from "movinet/formats";
import { buildGraph, defaultCard, randomWeights, specOf } from "movinet/graph";
import { expect, onTestFinished, test } from "vitest";
import { movingSpot, writeClip } from "../../../packages/movinet/test/data/clips.ts";
import { bin } from "./command-line.ts";

const module = JSON.stringify(new URL("../src/interrupt.ts", import.meta.url).href);
const script = `
  const { interruptible } = await import(${module});
  const terminal = { warn: (text) => console.log(text) };
  process.exitCode = await interruptible(terminal, (signal) => new Promise((_, reject) => {
    setInterval(() => {}, 1000);
    signal.addEventListener("abort", () => {
      console.log("asked");
      if (process.argv[1] === "willing") reject(signal.reason);
    });
    console.log("ready");
  }));
  process.exit();`;

test("a base model computes beside the thread that hears signals: one call of it may take a minute", async () => {
  const folder = await mkdtemp(join(tmpdir(), "movinet-interrupt-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeClip(join(folder, "clip.y4m"), { luma: movingSpot(0) });
  // What native code does on Node's pool has no name. One opens the network, the others are its windows.
  const count = `
    import { createHook } from "node:async_hooks";
    let calls = 0;
    createHook({ init: (_, type) => void (type === "<anonymous>" && calls++) }).enable();
    process.on("exit", () => console.error(calls > 1 ? "beside" : "in this thread"));`;
  await writeFile(join(folder, "count.mjs"), count);
  const spec = specOf("t0-base", { classes: 2, resolution: { height: 32, width: 32 } });
  const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1);
  const card = { ...defaultCard(spec), labels: ["a", "b"], frames: 4 };
  await writeFile(join(folder, "base.safetensors"), writeModel({ spec, weights, card }));
  const options = ["--import", pathToFileURL(join(folder, "count.mjs")).href, bin];
  const args = ["classify", "clip.y4m", "--model", "base.safetensors", "--quiet"];
  const child = spawn(process.execPath, [...options, ...args], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (text) => {
    complaints += text;
  });
  expect(await new Promise((resolve) => child.once("close", resolve))).toBe(0);
  expect(complaints).toMatch(/^beside\n/m);
});

test("a command that times models ends too, and what it runs with it", async () => {
  const child = spawn(process.execPath, [bin, "bench", "t0-stream", "--rounds", "100000", "--threads", "1"]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    if (complaints === "") child.kill("SIGINT");
    complaints += text;
  });
  expect(await new Promise((resolve) => child.once("close", resolve))).toBe(130);
  expect(complaints.trimEnd().split("\n").at(-1)).toBe("movinet: interrupted.");
}, 60_000);

/** What came of a process that gets each signal once it has answered to the one before. */
async function interrupted(mood: string, signals: readonly NodeJS.Signals[]) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, mood]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const left = [...signals];
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
    for (const _ of text.match(/ready|asked/g) ?? []) {
      const signal = left.shift();
      if (signal) child.kill(signal);
    }
  });
  const [code, by] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once("close", (...how) => resolve(how));
  });
  return { code, by, lines: output.trimEnd().split("\n") };
}

test.each(["SIGINT", "SIGTERM"] as const)("%s ends work that is willing, with 130 and a line", async (signal) => {
  expect(await interrupted("willing", [signal])).toEqual({
    code: 130,
    by: null,
    lines: ["ready", "asked", "movinet: interrupted."],
  });
});

test.skipIf(process.platform === "win32").each([
  ["SIGINT", "SIGINT"],
  ["SIGTERM", "SIGTERM"],
  ["SIGINT", "SIGTERM"],
  ["SIGTERM", "SIGINT"],
] as const)("%s, then %s ends work that is not", async (first, second) => {
  expect(await interrupted("unwilling", [first, second])).toEqual({
    code: null,
    by: second,
    lines: ["ready", "asked"],
  });
});
