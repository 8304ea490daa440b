/** Starts a model on an engine that has proved itself: the first that does, or the fastest of those that do. */
import { MovinetError } from "../common/errors.ts";
import type { Engine } from "../engines/engine.ts";
import type { Arithmetic } from "../graph/precision.ts";
import type { Program } from "../session/program.ts";
import type { OpenedFile } from "../zoo/labelled.ts";
import { type Answers, compare, probe, type Receipt, rehearse } from "./engine-receipt.ts";
import { programOf } from "./open-file.ts";

/** An engine that was tried before a model ran. */
export interface EngineTrial {
  /** Its name, for example `wasm relaxed`; or its device, if it did not start. */
  readonly engine: string;
  /** Milliseconds for one step of the model, if several engines were compared. */
  readonly ms: number | null;
  /** How far its logits were from the expected ones; null: it gave none. */
  readonly difference: number | null;
  /** Why it is not used; null: nothing is wrong with it. */
  readonly problem: string | null;
}

/** The engine that runs a model. */
export interface EngineReport {
  /** For example `wasm relaxed`. */
  readonly name: string;
  /** What was tried at the start, and last the engine that another one was compared with. In browsers only. */
  readonly trials: readonly EngineTrial[];
  /** `int8` if it computes in a quantized model's integers; `float32` also for their dequantized weights. */
  readonly arithmetic: Arithmetic;
}

/** A way to get an engine. */
export interface Way {
  readonly device: string;
  open(): Promise<Engine>;
}

export interface Ways {
  /** In the order of preference. */
  readonly ways: readonly Way[];
  /** `first`: the first one that passes. `fastest`: of all that pass, by the time of a step. */
  readonly choose: "first" | "fastest";
  /** An engine whose answers for the model count as right; null: the known answers suffice. */
  readonly trusted: Way | null;
}

export interface Started {
  readonly program: Program;
  readonly engine: EngineReport;
  /** One line for each engine that failed before. */
  readonly warnings: readonly string[];
}

/** An engine that gave the known answers, or why it did not. */
type Proof = { readonly engine: Engine; readonly receipt: Receipt } | { readonly error: unknown };

/** Opens the engine of a way and lets it step the network whose answers are known. Never rejects. */
export async function prove(way: Way): Promise<Proof> {
  try {
    const engine = await way.open();
    return { engine, receipt: await probe(engine) };
  } catch (error) {
    return { error };
  }
}

/**
 * Throws `E_DEVICE_WRONG` if no engine gives right answers, and what the engine throws that was the only choice. `first` is the proof of the
 * first way, which may have begun while the model was read.
 */
export async function start(
  opened: OpenedFile,
  { ways, choose, trusted }: Ways,
  first: Promise<Proof>,
): Promise<Started> {
  const isStream = opened.spec.mode === "stream";
  const proofOf = (way: Way) => (way === ways[0] ? first : prove(way));
  const needsWitness = isStream && (choose === "fastest" || outcomeOf(ways[0] as Way, await first).error === null);
  const witness = needsWitness && trusted ? await rehearsed(opened, trusted, await proofOf(trusted), null) : null;
  const tried: Tried[] = [];
  for (const way of ways) {
    if (tried.some(({ program }) => program !== null) && !(choose === "fastest" && isStream)) break;
    const own = way === trusted ? witness : null;
    const next = own ?? (await attempt(opened, way, await proofOf(way), witness?.answers ?? null));
    tried.push(next);
    if (choose === "first" && next.program === null && !isWrong(next.error)) break;
  }
  const [best, ...slower] = tried
    .filter(({ program }) => program !== null)
    .toSorted((a, b) => (a.trial.ms ?? 0) - (b.trial.ms ?? 0));
  const others = witness && !tried.includes(witness) ? [witness] : [];
  for (const { program } of [...slower, ...others]) await program?.[Symbol.asyncDispose]();
  if (!best?.program) throw tried.at(-1)?.error;
  const { engine } = best.trial;
  const trials = [...tried, ...others].map(({ trial }) => trial);
  const warnings = tried.flatMap(({ trial }) =>
    trial.problem === null ? [] : [`running on ${engine}, because ${trial.engine} failed its check: ${trial.problem}`],
  );
  const { arithmetic } = best.program;
  const floats =
    opened.integers !== undefined && arithmetic === "float32"
      ? [`running the dequantized float32 weights of an int8 model on ${engine}: device litert runs its integers`]
      : [];
  return { program: best.program, engine: { name: engine, trials, arithmetic }, warnings: [...warnings, ...floats] };
}

/** An engine that was tried: with a program of the model if it passed, and what it answered if that was asked. */
interface Tried {
  readonly trial: EngineTrial;
  readonly program: Program | null;
  readonly answers: Answers | null;
  readonly error: unknown;
}

/** Loads the model with a proved engine, and compares its answers with the true ones if there are any. */
async function attempt(opened: OpenedFile, way: Way, proof: Proof, truth: Answers | null): Promise<Tried> {
  if (truth !== null) return rehearsed(opened, way, proof, truth);
  const { trial, error } = outcomeOf(way, proof);
  if ("error" in proof || trial.problem !== null) return { trial, program: null, answers: null, error };
  try {
    return { trial, program: await programOf(opened, proof.engine), answers: null, error: null };
  } catch (error) {
    return failed(trial, error);
  }
}

/** As {@link attempt}, stepping generated clips: for their answers and times. Without `truth`, whatever they are. */
async function rehearsed(opened: OpenedFile, way: Way, proof: Proof, truth: Answers | null): Promise<Tried> {
  const loaded = await attempt(opened, way, proof, null);
  const { program } = loaded;
  if (program === null || "error" in proof) return loaded;
  try {
    const answers = await rehearse(program);
    const trial = { ...loaded.trial, ms: answers.ms };
    // Integers, and files in their own arithmetic, answer otherwise than the floats that they are imported as.
    const isFile = proof.engine.format === "tflite" && opened.file?.format === "tflite";
    if (truth === null || isFile || program.arithmetic === "int8") return { trial, program, answers, error: null };
    const { difference, problem } = compare(answers, truth, opened.card);
    if (problem === null) return { trial: { ...trial, difference }, program, answers, error: null };
    await program[Symbol.asyncDispose]();
    return failed({ ...trial, difference }, wrong(way.device, problem));
  } catch (error) {
    await program[Symbol.asyncDispose]();
    return failed(loaded.trial, error);
  }
}

function outcomeOf({ device }: Way, proof: Proof): Pick<Tried, "trial" | "error"> {
  if ("error" in proof) return failed({ engine: device, ms: null, difference: null, problem: null }, proof.error);
  const { engine, receipt } = proof;
  const trial = { engine: engine.name, ms: null, ...receipt };
  return { trial, error: receipt.problem === null ? null : wrong(device, receipt.problem) };
}

function failed(trial: EngineTrial, error: unknown): Tried {
  const problem =
    error instanceof MovinetError ? error.problem : error instanceof Error ? error.message : String(error);
  return { trial: { ...trial, problem }, program: null, answers: null, error };
}

const isWrong = (error: unknown) => error instanceof MovinetError && error.code === "E_DEVICE_WRONG";

function wrong(device: string, problem: string): MovinetError {
  return new MovinetError({
    code: "E_DEVICE_WRONG",
    subject: device,
    problem,
    remedy: "Use device wasm, or update the browser and the drivers of the graphics card",
  });
}
