/** Steps models on every engine of this browser, in turn. */
import { MovinetError } from "../../packages/movinet/src/common/errors.ts";
import { openEngine, Program, type StreamSession } from "../../packages/movinet/src/index.session.web.ts";
import { type Facts, knownFrames, modelOf, pictureOf, type Variant } from "./material.ts";

/** Steps per round: repetitions of the known frames. */
const sequences = 5;
/** Logits beyond this difference are wrong. */
const allowedReceipt = 1e-5;

/** Engines in table order. Third-party ones are in folders next to the page. */
const engines = {
  movinet: () => openEngine({ device: "wasm" }),
  "LiteRT.js": () => openEngine({ device: "litert", wasmPaths: "litertjs/" }),
  "onnxruntime-web": () => openEngine({ device: "onnxruntime", wasmPaths: "onnxruntime-web/" }),
} as const;

export interface Result {
  readonly model: Variant;
  readonly engine: string;
  /** Milliseconds per step. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Times that a coarse browser clock cannot blur. */
  readonly meanMs: number;
  /** The largest difference of a logit from the reference interpreter's, relative to the largest logit of its frame. */
  readonly receipt: number;
}

export interface Measured {
  readonly relaxedSimd: boolean | null;
  readonly results: readonly Result[];
  /** Engines that did not run, or returned wrong logits, and why. */
  readonly missing: Readonly<Record<string, string>>;
}

export interface Watcher {
  /** Of all work, 0..1. */
  progress(done: number, text: string): void;
  result(result: Result): void;
  missing(engine: string, why: string): void;
}

interface Contestant {
  readonly name: string;
  readonly session: StreamSession;
  readonly classifier: boolean;
  readonly times: number[];
  receipt: number;
}

export async function measure(
  models: readonly Variant[],
  rounds: number,
  expected: Facts["expected"],
  watcher: Watcher,
): Promise<Measured> {
  const missing: Record<string, string> = {};
  const leaveOut = (name: string, why: string) => {
    missing[name] = why;
    watcher.missing(name, why);
  };
  const running = new Map<string, Awaited<ReturnType<typeof openEngine>>>();
  for (const [name, open] of Object.entries(engines)) {
    watcher.progress(0, `Starting ${name}`);
    await painted();
    await open().then(
      (engine) => running.set(name, engine),
      (error: unknown) => leaveOut(name, reasonOf(error)),
    );
  }
  const results: Result[] = [];
  for (const [at, model] of models.entries()) {
    const truth = floatsOf(expected[model] ?? "");
    const network = modelOf(model);
    const pictures = Array.from({ length: knownFrames }, (_, t) => pictureOf(t, network.spec.resolution));
    const programs: Program[] = [];
    const contestants: Contestant[] = [];
    for (const [name, engine] of running) {
      watcher.progress(at / models.length, `Loading ${model.toUpperCase()} on ${name}`);
      await painted();
      try {
        const program = await Program.compile(network, engine);
        programs.push(program);
        for (const classifier of name === "movinet" ? [true, false] : [true]) {
          const own = { session: await program.openStream(), classifier, times: [], receipt: 0 };
          contestants.push({ ...own, name: classifier ? name : `${name} without classifier` });
        }
      } catch (error) {
        leaveOut(`${name} ${model}`, reasonOf(error));
      }
    }
    for (let round = 0; round <= rounds; round++) {
      watcher.progress(
        (at + round / (rounds + 1)) / models.length,
        round === 0 ? `Warming up ${model.toUpperCase()}` : `${model.toUpperCase()}, round ${round} of ${rounds}`,
      );
      for (const contestant of turned(contestants, round)) {
        await painted();
        try {
          await runRound(contestant, pictures, truth);
        } catch (error) {
          contestants.splice(contestants.indexOf(contestant), 1);
          leaveOut(`${contestant.name} ${model}`, reasonOf(error));
        }
        // The first round is not counted: browsers compile as they go.
        if (round === 0) contestant.times.length = 0;
      }
    }
    for (const { name, times, receipt } of contestants) {
      if (!(receipt <= allowedReceipt)) {
        leaveOut(`${name} ${model}`, `its logits are off by ${receipt.toPrecision(2)}`);
        continue;
      }
      const result = { model, engine: name, ...summaryOf(times), receipt: rounded(receipt) };
      results.push(result);
      watcher.result(result);
    }
    for (const program of programs) await program[Symbol.asyncDispose]();
  }
  watcher.progress(1, "Done");
  const ours = running.get("movinet");
  return { relaxedSimd: ours ? ours.name.includes("relaxed") : null, results, missing };
}

async function runRound(own: Contestant, pictures: readonly Float32Array[], truth: Float32Array): Promise<void> {
  const { session, classifier, times } = own;
  const classes = truth.length / pictures.length;
  for (let sequence = 0; sequence < sequences; sequence++) {
    await session.reset();
    const said: Float32Array[] = [];
    for (const picture of pictures) {
      const before = performance.now();
      const outputs = classifier ? await session.step(picture) : await session.advance(picture);
      times.push(performance.now() - before);
      if (outputs) said.push(outputs.logits);
    }
    const logits = classifier ? said : rowsOf((await session.outputs(pictures.length)).logits, classes);
    for (const [t, row] of rowsOf(truth, classes).entries()) {
      const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      for (const [i, value] of row.entries()) {
        own.receipt = Math.max(own.receipt, Math.abs((logits[t]?.[i] ?? Number.NaN) - value) / largest);
      }
    }
  }
}

/** Starting with another one in each round. */
function turned<T>(items: readonly T[], round: number): readonly T[] {
  const first = round % Math.max(1, items.length);
  return [...items.slice(first), ...items.slice(0, first)];
}

function summaryOf(times: readonly number[]): Pick<Result, "p50Ms" | "p95Ms" | "meanMs"> {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number) => rounded(sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN);
  return { p50Ms: at(0.5), p95Ms: at(0.95), meanMs: rounded(times.reduce((a, b) => a + b, 0) / times.length) };
}

const rounded = (value: number) => Number(value.toPrecision(3));

function rowsOf(values: Float32Array, size: number): readonly Float32Array[] {
  return Array.from({ length: values.length / size }, (_, t) => values.subarray(t * size, (t + 1) * size));
}

function floatsOf(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)).buffer);
}

function reasonOf(error: unknown): string {
  if (error instanceof MovinetError && error.code === "E_DEPENDENCY_MISSING")
    return "its files are not beside this page";
  return error instanceof Error ? error.message : String(error);
}

/** Lets the browser render changes. */
const painted = () => new Promise((resolve) => setTimeout(resolve, 20));
