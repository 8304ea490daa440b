/** The page of `browser-steps.ts`: opens what it is asked to open, and steps it. */
import { type Engine, openEngine, type Program } from "movinet/session";
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { programOf, readFileOf } from "../packages/movinet/src/flow/open-file.ts";
import { differenceOf } from "./difference.ts";
import { litertRun, litertSession, type Steps, sessionSteps } from "./litertjs-steps.web.ts";

/** What the onnxruntime-web contestant needs to know about its file. */
interface PlainFacts {
  readonly inputs: readonly { readonly name: string; readonly dims: readonly number[] }[];
  readonly states: readonly { readonly input: string; readonly output: string }[];
  readonly clocks: readonly { readonly input: string; readonly role: "inverseCount" | "position" }[];
  readonly picture: string;
  readonly logits: string;
}

env.wasm.wasmPaths = new URL("/ort/", location.href).href;
let started: Promise<Engine> | undefined;
/** LiteRT.js, whose runtime starts once for the page. */
const litert = () => (started ??= openEngine({ device: "litert", wasmPaths: "/litert/" }));
const bytesOf = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());
const floatsOf = async (url: string) => new Float32Array((await bytesOf(url)).buffer);

/** As `open` does: the engine starts while the model is read. */
async function ownProgram(bytes: Uint8Array, threads = 1): Promise<Program> {
  const engine = openEngine({ device: "wasm", threads });
  return programOf(await readFileOf(bytes, "bench"), await engine);
}

const openers = {
  wasm: async (bytes: Uint8Array) => sessionSteps(await ownProgram(bytes)),
  "wasm of our file": async () => sessionSteps(await ownProgram(own)),
  "wasm without classifier": async (bytes: Uint8Array) => sessionSteps(await ownProgram(bytes), false),
  "wasm on two threads": async (bytes: Uint8Array) => sessionSteps(await ownProgram(bytes, 2)),
  "litertjs run": async (bytes: Uint8Array) => {
    await litert();
    return litertRun(bytes);
  },
  "litertjs session": async (bytes: Uint8Array) => litertSession(await litert(), bytes),
  "onnxruntime-web": onnxSteps,
};

async function onnxSteps(): Promise<Steps> {
  const facts = (await (await fetch("/plain.json")).json()) as PlainFacts;
  const session = await InferenceSession.create(await bytesOf("/plain.onnx"), { executionProviders: ["wasm"] });
  const begin = () =>
    Object.fromEntries(
      facts.inputs.map(({ name, dims }) => {
        const size = dims.reduce((a, b) => a * b, 1);
        return [name, new Tensor("float32", new Float32Array(size), dims)];
      }),
    );
  let feeds = begin();
  let frame = 0;
  const { dims } = feeds[facts.picture]!;
  return {
    size: dims.reduce((a, b) => a * b, 1),
    layout: "planes",
    async reset() {
      feeds = begin();
      frame = 0;
    },
    async step(picture) {
      feeds[facts.picture] = new Tensor("float32", picture, dims);
      for (const { input, role } of facts.clocks) {
        const value = role === "position" ? frame : 1 / (frame + 1);
        feeds[input] = new Tensor("float32", [value], [1, 1, 1, 1, 1]);
      }
      frame++;
      const results = await session.run(feeds);
      for (const { input, output } of facts.states) feeds[input] = results[output]!;
      return results[facts.logits]!.data as Float32Array;
    },
    close: () => session.release(),
  };
}

/** Frame `t` in the format of these steps. */
function pictureOf({ size, layout }: Steps, t: number): Float32Array<ArrayBuffer> {
  const planes = pictures.slice(t * size, (t + 1) * size);
  if (layout === "planes") return planes;
  return Float32Array.from({ length: size }, (_, i) => planes[(i % 3) * (size / 3) + Math.floor(i / 3)]!);
}

type Name = keyof typeof openers;
const opened = new Map<Name, Steps>();
let pictures = new Float32Array();
let truth = new Float32Array();
/** Google's file, and the same model as safetensors. */
let model = new Uint8Array();
let own = new Uint8Array();

const bench = {
  async prepare() {
    [pictures, truth] = await Promise.all([floatsOf("/pictures"), floatsOf("/logits")]);
    [model, own] = await Promise.all([bytesOf("/model"), bytesOf("/own")]);
  },
  async startLitert() {
    await litert();
  },
  async open(name: Name) {
    opened.set(name, await openers[name](model));
  },
  /** Steps of a new stream. */
  async round(name: Name) {
    const steps = opened.get(name)!;
    const frames = pictures.length / steps.size;
    const classes = truth.length / frames;
    const times: number[] = [];
    const differences: number[] = [];
    await steps.reset();
    for (let t = 0; t < frames; t++) {
      const picture = pictureOf(steps, t);
      const before = performance.now();
      const logits = await steps.step(picture);
      times.push(performance.now() - before);
      if (logits) differences.push(differenceOf(logits, truth.subarray(t * classes, (t + 1) * classes)));
    }
    if (differences.length === 0) {
      const logits = await steps.askLogits!();
      differences.push(differenceOf(logits, truth.subarray(truth.length - logits.length)));
    }
    return { times, largestDifference: Math.max(...differences) };
  },
  /**
   * From a file's bytes in memory to the end of the first step, including the start of the runtime if it has not
   * started.
   */
  async first(name: Name) {
    const opening = performance.now();
    const steps = await openers[name](model);
    const openMs = performance.now() - opening;
    const picture = pictureOf(steps, 0);
    const stepping = performance.now();
    const logits = (await steps.step(picture))!;
    const times = [openMs + performance.now() - stepping];
    await steps.close();
    return { times, largestDifference: differenceOf(logits, truth.subarray(0, logits.length)) };
  },
};
Object.assign(globalThis, { bench });
