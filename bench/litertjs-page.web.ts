/** The page of bench/litertjs.ts. */
import { type CompiledModel, loadAndCompile, Tensor } from "@litertjs/core";
import { type Engine, openEngine, Program } from "movinet/session";

type Step = (frame: Float32Array<ArrayBuffer>) => Promise<Float32Array>;

interface Plan {
  /** `plain`: states fed back through the package's own `run`, as its documentation shows it. */
  readonly plan: readonly { readonly url: string; readonly plain: boolean }[];
  readonly rounds: number;
  readonly stepsInTurn: number;
}

/** Milliseconds a step, for each contestant and round. The first three rounds are not counted. */
async function bench({ plan, rounds, stepsInTurn }: Plan): Promise<{ blocks: number[][]; compileMs: number[] }> {
  const litert = await openEngine({ device: "litert", wasmPaths: "/litert/" });
  const compileMs: number[] = [];
  const contestants: { step: Step; close(): Promise<void>; size: number }[] = [];
  for (const { url, plain } of plan) {
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
    const started = performance.now();
    contestants.push(plain ? await openPlain(bytes) : await openSession(litert, bytes));
    compileMs.push(performance.now() - started);
  }
  const frames = Array.from({ length: 4 }, () => Float32Array.from({ length: contestants[0]!.size }, Math.random));
  const first = await Promise.all(contestants.slice(1).map(({ step }) => step(frames[0]!)));
  for (const logits of first) {
    const worst = logits.reduce((far, value, i) => Math.max(far, Math.abs(value - first[0]![i]!)), 0);
    if (!(worst <= 1e-3)) throw new Error(`logits differ by ${worst}`);
  }
  const blocks: number[][] = plan.map(() => []);
  for (let round = -3; round < rounds; round++) {
    for (const [i, { step }] of contestants.entries()) {
      const started = performance.now();
      for (let k = 0; k < stepsInTurn; k++) await step(frames[k % frames.length]!);
      if (round >= 0) blocks[i]!.push((performance.now() - started) / stepsInTurn);
    }
  }
  for (const { close } of contestants) await close();
  return { blocks, compileMs };
}

async function openSession(litert: Engine, bytes: Uint8Array) {
  const program = await Program.open(bytes, "bench", litert);
  const session = await program.openStream();
  const { height, width } = program.model.spec.resolution;
  const close = async () => {
    await session[Symbol.asyncDispose]();
    await program[Symbol.asyncDispose]();
  };
  const step: Step = async (frame) => (await session.step(frame)).logits;
  return { step, close, size: 3 * height * width };
}

async function openPlain(bytes: Uint8Array) {
  const model: CompiledModel = await loadAndCompile(bytes, { accelerator: "wasm" });
  let states: Record<string, Tensor> = Object.fromEntries(
    model.getInputDetails().map(({ name, shape, dtype }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, new Tensor(dtype === "int32" ? new Int32Array(size) : new Float32Array(size), shape)];
    }),
  );
  const shape = states["image"]!.type.layout.dimensions;
  const step: Step = async (frame) => {
    states["image"]?.delete();
    states["image"] = new Tensor(frame, shape);
    const { logits, ...next } = await model.run(states);
    for (const state of Object.values(states)) state.delete();
    const values = logits!.toTypedArray() as Float32Array;
    logits!.delete();
    states = next;
    return values;
  };
  return { step, close: async () => model.delete(), size: [...shape].reduce((a, b) => a * b, 1) };
}

Object.assign(globalThis, { bench });
