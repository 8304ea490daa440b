/** What `movinet doctor` looks at: each check says what it found, and what to do if that is wrong. */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, freemem, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { MovinetError } from "movinet";
import { formatBytes, ModelCache } from "movinet/files";
import { openEngine, Program, probe } from "movinet/session";
import { openVideo } from "movinet/video";
import { openBenchModel } from "../models.ts";
import { clips, colours } from "./clips.ts";

export interface Check {
  readonly name: string;
  /** `failed`: something that is needed does not work; `warning`: something works less well than it could. */
  readonly state: "ok" | "warning" | "failed";
  /** What was found. */
  readonly found: string;
  /** What to do; null: nothing. */
  readonly remedy: string | null;
}

const ok = (name: string, found: string): Check => ({ name, state: "ok", found, remedy: null });
const warning = (name: string, found: string, remedy: string): Check => ({ name, state: "warning", found, remedy });
const failed = (name: string, found: string, remedy: string): Check => ({ name, state: "failed", found, remedy });

/** All checks, one after the other, because they share the processor. */
export async function* runChecks(signal: AbortSignal): AsyncGenerator<Check, void> {
  const steps = [
    checkNode,
    checkProcessor,
    ...decodingChecks(),
    ...engineChecks(),
    checkSpeed,
    checkCache,
    checkCameras,
  ];
  for (const step of steps) {
    signal.throwIfAborted();
    yield await step();
  }
}

async function checkNode(): Promise<Check> {
  const [major = 0] = process.versions.node.split(".").map(Number);
  const found = `Node ${process.versions.node}, ${process.platform} ${process.arch}`;
  return major >= 22 ? ok("node", found) : failed("node", found, "Install Node 22 or later");
}

async function checkProcessor(): Promise<Check> {
  const threads = availableParallelism();
  const [load = 0] = loadavg();
  const model = cpus()[0]?.model.trim() || "unknown processor";
  const found = `${model}, ${threads} ${threads === 1 ? "thread" : "threads"}, load ${load.toFixed(1)}, ${formatBytes(freemem())} of ${formatBytes(totalmem())} memory free`;
  if (load > 1.5 * threads) return warning("processor", found, "End other programs: frames will be late");
  return ok("processor", found);
}

/** Decodes a generated clip of each codec of cameras, and looks at its colours. */
function decodingChecks(): readonly (() => Promise<Check>)[] {
  return Object.entries(clips).map(([codec, base64]) => async () => {
    const name = `decoding ${codec}`;
    const folder = await mkdtemp(join(tmpdir(), "movinet-doctor-"));
    try {
      const file = join(folder, "clip.mp4");
      await writeFile(file, Buffer.from(base64, "base64"));
      const frames = await Array.fromAsync(openVideo(file, { fps: 1, size: { width: 32, height: 32, fit: "squash" } }));
      const seen = frames.map(({ data }) => Array.from(data.subarray(0, 3)));
      const isRight = colours.every((colour, k) =>
        colour.every((value, c) => Math.abs(value - (seen[k]?.[c] ?? -99)) < 24),
      );
      if (isRight) return ok(name, "a generated clip has the right frames and colours");
      return failed(
        name,
        `a generated clip gives wrong colours: ${JSON.stringify(seen)}`,
        "Report this, with your system",
      );
    } catch (error) {
      return fromError(name, error);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

const optionalEngines: readonly (readonly [device: string, remedy: string])[] = [
  ["cpu", "Run npm i onnxruntime-node; until then the slower WebAssembly engine is used"],
  ["litert", "Run npm i @litertjs/core if you want to run models on LiteRT"],
];

/** Each engine steps a small network whose answers are known. WebAssembly must work; others may be missing. */
function engineChecks(): readonly (() => Promise<Check>)[] {
  return [...optionalEngines, ["wasm", null] as const].map(([device, remedy]) => async () => {
    const name = `engine ${device}`;
    try {
      const { problem, difference } = await probe(await openEngine({ device }));
      if (problem !== null) return failed(name, problem, `Choose another --device, and report this with your system`);
      return ok(name, `a small test network's answers are right (off by ${difference?.toExponential(0)})`);
    } catch (error) {
      const check = fromError(name, error);
      const isMissing = error instanceof MovinetError && error.code === "E_DEPENDENCY_MISSING";
      return remedy === null || !isMissing ? check : warning(name, check.found, remedy);
    }
  });
}

const timedSteps = 12;
const cameraRate = 5;

/** Times A0 on one thread, with random weights unless it is in the cache. */
async function checkSpeed(): Promise<Check> {
  const name = "speed";
  try {
    const model = await openBenchModel("a0-stream");
    const program = await Program.compile(model, await openEngine({ threads: 1 }));
    const session = await program.openStream();
    try {
      const { width, height } = model.card.input;
      const frame = new Float32Array(3 * width * height).fill(0.5);
      const times: number[] = [];
      for (let k = 0; k < timedSteps; k++) {
        const began = performance.now();
        await session.step(frame);
        times.push(performance.now() - began);
      }
      const ms = times.sort((a, b) => a - b)[timedSteps >> 1] as number;
      const cameras = Math.floor(1000 / cameraRate / ms);
      const found = `${ms.toFixed(1)} ms per frame of a0-stream on one thread`;
      if (cameras >= 1)
        return ok(
          name,
          `${found}: at most ${cameras} ${cameras === 1 ? "camera" : "cameras"} at ${cameraRate} frames per second per thread, without decoding`,
        );
      return warning(
        name,
        `${found}: too slow for ${cameraRate} frames per second`,
        "Use a smaller --fps, or a faster machine",
      );
    } finally {
      await session[Symbol.asyncDispose]();
      await program[Symbol.asyncDispose]();
    }
  } catch (error) {
    return fromError(name, error);
  }
}

async function checkCache(): Promise<Check> {
  const { folder } = new ModelCache();
  const file = join(folder, `.movinet-doctor-${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(file, "");
    await rm(file);
    return ok("cache", `${folder} is writable`);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    return failed("cache", `${folder} cannot be written (${code})`, "Set MOVINET_CACHE to a folder that you may write");
  }
}

/** On Linux the video devices and whether this user can open them; elsewhere nothing can be known without opening one. */
async function checkCameras(): Promise<Check> {
  if (process.platform !== "linux") return ok("cameras", "not looked for on this system: try movinet watch camera:0");
  return checkVideoDevices("/dev");
}

/** Video4Linux devices in a folder. */
export async function checkVideoDevices(folder: string, mayRead = isReadable): Promise<Check> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^video\d+$/.test(name)).sort();
  if (names.length === 0) return ok("cameras", "no camera is attached to this machine; network cameras need none");
  const devices = await Promise.all(
    names.map(async (name) => {
      const model = await readFile(`/sys/class/video4linux/${name}/name`, "utf8").catch(() => "");
      const path = join(folder, name);
      return { text: model.trim() === "" ? path : `${path} (${model.trim()})`, isOpen: await mayRead(path) };
    }),
  );
  const closed = devices.filter(({ isOpen }) => !isOpen).map(({ text }) => text);
  if (closed.length === 0) return ok("cameras", devices.map(({ text }) => text).join(", "));
  return warning(
    "cameras",
    `${closed.join(", ")} cannot be opened by this user`,
    "Run sudo usermod -aG video $USER and log in again",
  );
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}

function fromError(name: string, error: unknown): Check {
  if (error instanceof MovinetError) return failed(name, error.problem, error.remedy);
  return failed(name, (error as Error).message.split("\n")[0] ?? "", "Report this with the output of --debug");
}
