import { buildGraph } from "../arch/build.ts";
import type { Spec } from "../arch/spec.ts";
import { ModelError } from "../common/errors.ts";
import { listed } from "../common/printable.ts";
import { Turns } from "../common/turns.ts";
import type { Engine } from "../engines/engine.ts";
import type { Graph } from "../graph/ir.ts";
import { type SplitHead, splitHead } from "../graph/passes.ts";
import type { Arithmetic } from "../graph/precision.ts";
import { elementsOf } from "../graph/shapes.ts";
import {
  type CarriedState,
  graphInterface,
  type Signature,
  type StepInterface,
  signatureInterface,
} from "../graph/step-interface.ts";
import type { Card } from "../model/card.ts";
import type { Model, SessionModel } from "../model/model.ts";
import { type Call, loadCall } from "./call.ts";
import { type ClipSession, LocalClipSession } from "./clip-session.ts";
import { type Calls, LocalStreamSession } from "./local-stream-session.ts";
import { checkOptions } from "./session-rules.ts";
import type { StreamOptions, StreamSession } from "./stream-session.ts";

/** Opens sessions of a model: a {@link Program}, or a wrapper around one. */
export interface SessionSource {
  readonly model: SessionModel;
  /** Opens a session of a stream model. Throws `TypeError` for base models. */
  openStream(options?: StreamOptions): Promise<StreamSession>;
  /** Opens a session of a base model. Throws `TypeError` for stream models. */
  openClip(): Promise<ClipSession>;
}

/** How the calls of a program are created. */
interface Network {
  /** Its name in errors. */
  readonly subject: string;
  /** The most frames per step. */
  readonly stepFrames: number;
  /** Whether calls for a fixed number of streams are faster than those for any number. */
  readonly perStreams: boolean;
  /** States of the pool of its head, if the network is split there for streams, into a body and a classifier. */
  readonly head: readonly CarriedState[] | null;
  load(form: Form): Promise<Call>;
}

/** Which part of a network, and how it is called. */
interface Form {
  readonly part: "whole" | "body" | "classifier";
  readonly frames: number;
  /** For this many streams, which no other call continues; null: for any number. */
  readonly streams: number | null;
}

/**
 * A model loaded by an engine, shared by any number of sessions: compiled from its graph, or a file run unchanged. For
 * a graph, weights and threads exist once per form of call that sessions need: one stream frame by frame, batches of
 * streams, chunks, rows of its classifier.
 */
export class Program implements SessionSource, AsyncDisposable {
  readonly model: SessionModel;
  /** The engine, for example `onnxruntime-node cpu`. */
  readonly engine: string;
  /** `int8` if the network is computed in integers; `float32` also for the dequantized weights of a quantized model. */
  readonly arithmetic: Arithmetic;
  readonly #network: Network;
  readonly #turns: Turns;
  readonly #calls = new Map<string, Promise<Call>>();

  private constructor(model: SessionModel, engine: Engine, arithmetic: Arithmetic, network: Network) {
    this.model = model;
    this.engine = engine.name;
    this.arithmetic = arithmetic;
    this.#network = network;
    this.#turns = new Turns(this, "program", network.subject);
  }

  /**
   * A program that compiles each form when the first session needs it. A quantized stream model computes in its integers on an engine that has
   * them, frame by frame; on others in floats.
   */
  static prepare(model: Model, engine: Engine): Program {
    const { spec, weights } = model;
    if (computesIntegers(model, engine)) {
      return new Program(model, engine, "int8", {
        subject: model.card.name,
        stepFrames: 1,
        perStreams: false,
        head: null,
        async load() {
          const { integerStep } = await import("../formats/tflite/write/emit.ts");
          return loadCall(engine, { graph: integerStep(model), weights });
        },
      });
    }
    const build = (frames: number) => {
      const whole = buildGraph(spec, { form: spec.mode === "stream" ? "step" : "clip", frames });
      return { whole, parts: spec.mode === "stream" ? splitHead(whole) : null };
    };
    const step = build(1);
    const head = step.parts && headOf(step.whole, step.parts);
    return new Program(model, engine, "float32", {
      subject: model.card.name,
      stepFrames: head ? engine.stepFrames : 1,
      perStreams: engine.perStreams ?? false,
      head,
      load({ part, frames, streams }) {
        const { whole, parts } = frames === 1 ? step : build(frames);
        const graph = part === "whole" ? whole : parts?.[part];
        if (!graph) throw new TypeError(`${whole.name} cannot return per-frame outputs in a chunk of ${frames}`);
        return loadCall(engine, { graph, weights }, { streams });
      },
    });
  }

  /** Compiles the one-frame step of a stream model, or the window of a base model; other forms when needed. */
  static async compile(model: Model, engine: Engine): Promise<Program> {
    const program = Program.prepare(model, engine);
    if (model.spec.mode === "stream") await program.#streamCalls(1, 1);
    else await program.#call({ frames: windowOf(model) });
    return program;
  }

  /**
   * Opens a file to run unchanged, in its own arithmetic: one with the official exporter's signature, or in a form
   * that movinet writes. `subject` names it in errors; `card` supplies what the file lacks, such as labels. Throws
   * {@link ModelError} (`E_MODEL_FORMAT`, `E_MODEL_RUNTIME`, `E_MODEL_SIGNATURE`, `E_MODEL_LABELS`).
   */
  static async open(bytes: Uint8Array, subject: string, engine: Engine, card: Partial<Card> = {}): Promise<Program> {
    if (engine.format === null) throw new TypeError(`${engine.name} cannot run files`);
    // Programs that run only graphs do not need the file readers.
    const { logitsOf, openNetworkFile } = await import("../formats/file-facts.ts");
    const file = openNetworkFile(bytes, subject, engine.format, card);
    const executable = await engine.load({ file: bytes, subject });
    try {
      const { inputs, outputs, layout } = executable;
      const step = interfaceOf({ inputs, outputs, layout, ...file.signature }, subject);
      const classes = elementsOf(outputs.find(({ name }) => name === step.outputs["logits"])?.shape ?? []);
      const { model, output, arithmetic } = file.describe({ step, classes });
      const call = { executable, step, toLogits: logitsOf[output] };
      return new Program(model, engine, arithmetic, {
        subject,
        stepFrames: 1,
        perStreams: false,
        head: null,
        load: async () => call,
      });
    } catch (error) {
      await executable.dispose();
      throw error;
    }
  }

  async openStream(options: StreamOptions = {}): Promise<StreamSession> {
    const { streams = 1, chunk = 1, halfLifeFrames = Number.POSITIVE_INFINITY, recentHalfLifeFrames = null } = options;
    this.#require("stream");
    const others = [options.streams, options.chunk, options.halfLifeFrames].some((value) => value !== undefined);
    if (recentHalfLifeFrames !== null && others)
      throw new TypeError("recentHalfLifeFrames cannot be combined with streams, chunk or halfLifeFrames");
    checkOptions(streams, halfLifeFrames);
    if (!Number.isInteger(chunk) || chunk < 1) throw new TypeError(`chunk must be an integer ≥ 1, got ${chunk}`);
    const calls = await this.#streamCalls(streams, Math.min(chunk, this.#network.stepFrames));
    const own = { streams, halfLifeFrames, recentHalfLifeFrames };
    return this.#turns.adopt(new LocalStreamSession(this.#network.subject, calls, own));
  }

  async openClip(): Promise<ClipSession> {
    this.#require("base");
    const call = await this.#call({ frames: windowOf(this.model) });
    return this.#turns.adopt(new LocalClipSession(this.#network.subject, call));
  }

  /** Disposes the open sessions and frees what was loaded. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(async () => {
      const calls = await Promise.allSettled(this.#calls.values());
      for (const call of calls) if (call.status === "fulfilled") await call.value.executable.dispose();
    });
  }

  /** For streams: `single` for one stream frame by frame, and `frames` in a call with many. */
  async #streamCalls(streams: number, frames: number): Promise<Calls> {
    const { head: states } = this.#network;
    const part = states ? "body" : "whole";
    const one = await this.#call({ part, streams: frames > 1 ? null : streams });
    const many = frames > 1 ? await this.#call({ part, frames }) : one;
    if (!states) return { one, many, head: null };
    const rowsOf = (rows: number) => ({ part: "classifier", streams: rows <= mostRows ? rows : null }) as const;
    await this.#call(rowsOf(streams));
    // Disposal waits for pending outputs of sessions.
    return { one, many, head: { classifier: (rows) => this.#load(rowsOf(rows)), states } };
  }

  async #call(form: Partial<Form>): Promise<Call> {
    this.#turns.check();
    const loaded = await this.#load(form);
    this.#turns.check();
    return loaded;
  }

  #load({ part = "whole", frames = 1, streams = null }: Partial<Form>): Promise<Call> {
    const form = { part, frames, streams: this.#network.perStreams ? streams : null };
    const key = Object.values(form).join(" ");
    const call = this.#calls.get(key) ?? this.#network.load(form);
    this.#calls.set(key, call);
    return call;
  }

  #require(mode: Spec["mode"]): void {
    if (this.model.spec.mode === mode) return;
    throw new TypeError(
      mode === "base"
        ? `${this.#network.subject} takes one frame at a time: open it with openStream`
        : `${this.#network.subject} takes whole clips: open it with openClip`,
    );
  }
}

/** Whether a program of a model on an engine computes in int8. */
export function computesIntegers({ spec, integers }: Model, engine: Engine): boolean {
  return integers !== undefined && engine.integers === true && spec.mode === "stream";
}

/**
 * Up to this many rows, a classifier has a separate call for each number: for frames of a stream, and for small
 * batches.
 */
const mostRows = 16;

/** The states of a head's pool that sessions keep. */
function headOf(graph: Graph, { body }: SplitHead): readonly CarriedState[] {
  const own = new Set(body.states.map(({ name }) => name));
  return graphInterface(graph).states.filter(({ name }) => !own.has(name));
}

function windowOf({ spec, card }: SessionModel): number {
  return spec.mode === "stream" ? 1 : (card.frames ?? 1);
}

/** How to call a file. Throws {@link ModelError} (`E_MODEL_SIGNATURE`). */
function interfaceOf(signature: Signature, subject: string): StepInterface {
  const read = signatureInterface(signature);
  if ("step" in read) return read.step;
  throw new ModelError({
    code: "E_MODEL_SIGNATURE",
    subject,
    problem: `its signature is not that of a MoViNet stream model (${listed(read.problems, 3)})`,
    remedy: "Use a file with the official exporter's signature, or one written by movinet",
  });
}
