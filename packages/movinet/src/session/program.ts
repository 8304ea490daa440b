import { buildGraph } from "../arch/build.ts";
import type { Spec } from "../arch/spec.ts";
import { ModelError } from "../common/errors.ts";
import { listed } from "../common/printable.ts";
import { Turns } from "../common/turns.ts";
import type { Engine } from "../engines/engine.ts";
import type { Graph } from "../graph/ir.ts";
import { type SplitHead, splitHead } from "../graph/passes.ts";
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

/** What opens sessions of a model: a {@link Program}, or what passes its calls on. */
export interface SessionSource {
  readonly model: SessionModel;
  /** Opens a session of a stream model. Throws `TypeError` for others. */
  openStream(options?: StreamOptions): Promise<StreamSession>;
  /** Opens a session of a model of whole clips. Throws `TypeError` for others. */
  openClip(): Promise<ClipSession>;
}

/** How the calls of a program come to be. */
interface Network {
  /** Names it in errors. */
  readonly subject: string;
  /** The most frames of a step. */
  readonly stepFrames: number;
  /** Whether calls for a number of streams are faster than those for any. */
  readonly perStreams: boolean;
  /** States of the pool of its head, where it is cut there for streams: into a body and a classifier. */
  readonly head: readonly CarriedState[] | null;
  load(form: Form): Promise<Call>;
}

/** Which part of a network, and how it is called. */
interface Form {
  readonly part: "whole" | "body" | "classifier";
  readonly frames: number;
  /** For so many streams, which no other call takes on; null: for any. */
  readonly streams: number | null;
}

/**
 * A model that an engine has loaded, shared by any number of sessions: compiled from its graph, or a file as it is. Of a graph,
 * weights and threads exist once for each form of call that sessions ask for: one stream frame by frame, batches of streams,
 * chunks, rows of its classifier.
 */
export class Program implements SessionSource, AsyncDisposable {
  readonly model: SessionModel;
  /** What runs it, for example `onnxruntime-node cpu`. */
  readonly engine: string;
  readonly #network: Network;
  readonly #turns: Turns;
  readonly #calls = new Map<string, Promise<Call>>();

  private constructor(model: SessionModel, engine: Engine, network: Network) {
    this.model = model;
    this.engine = engine.name;
    this.#network = network;
    this.#turns = new Turns(this, "program", network.subject);
  }

  /** A program of which each form is compiled when the first session asks for it. */
  static prepare(model: Model, engine: Engine): Program {
    const { spec, weights } = model;
    const build = (frames: number) => {
      const whole = buildGraph(spec, { form: spec.mode === "stream" ? "step" : "clip", frames });
      return { whole, parts: spec.mode === "stream" ? splitHead(whole) : null };
    };
    const step = build(1);
    const head = step.parts && headOf(step.whole, step.parts);
    return new Program(model, engine, {
      subject: model.card.name,
      stepFrames: head ? engine.stepFrames : 1,
      perStreams: engine.perStreams ?? false,
      head,
      load({ part, frames, streams }) {
        const { whole, parts } = frames === 1 ? step : build(frames);
        const graph = part === "whole" ? whole : parts?.[part];
        if (!graph)
          throw new TypeError(`${whole.name} does not tell its outputs frame by frame in a chunk of ${frames}`);
        return loadCall(engine, { graph, weights }, { streams });
      },
    });
  }

  /** Compiles the one-frame step of a stream model, or the window of a base model, and the other forms when asked for. */
  static async compile(model: Model, engine: Engine): Promise<Program> {
    const program = Program.prepare(model, engine);
    if (model.spec.mode === "stream") await program.#streamCalls(1, 1);
    else await program.#call({ frames: windowOf(model) });
    return program;
  }

  /**
   * Opens a file as it is, in its own arithmetic: one with the official exporter's signature, or of a form that we write.
   * `subject` names it in errors; `card` is what the file does not tell: labels, for one. Throws {@link ModelError}
   * (`E_MODEL_FORMAT`, `E_MODEL_RUNTIME`, `E_MODEL_SIGNATURE`, `E_MODEL_LABELS`).
   */
  static async open(bytes: Uint8Array, subject: string, engine: Engine, card: Partial<Card> = {}): Promise<Program> {
    if (engine.format === null) throw new TypeError(`${engine.name} runs no files`);
    // Who runs graphs alone does without the readers of files.
    const { logitsOf, openNetworkFile } = await import("../formats/file-facts.ts");
    const file = openNetworkFile(bytes, subject, engine.format, card);
    const executable = await engine.load({ file: bytes, subject });
    try {
      const { inputs, outputs, layout } = executable;
      const step = interfaceOf({ inputs, outputs, layout, ...file.signature }, subject);
      const classes = elementsOf(outputs.find(({ name }) => name === step.outputs["logits"])?.shape ?? []);
      const { model, output } = file.describe({ step, classes });
      const call = { executable, step, toLogits: logitsOf[output] };
      return new Program(model, engine, {
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
      throw new TypeError("recentHalfLifeFrames is for one stream, frame by frame, that does not age otherwise");
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

  /** Disposes of the open sessions and frees what was loaded. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(async () => {
      const calls = await Promise.allSettled(this.#calls.values());
      for (const call of calls) if (call.status === "fulfilled") await call.value.executable.dispose();
    });
  }

  /** Of streams: `single` for one of them frame by frame, and `frames` in a call of many. */
  async #streamCalls(streams: number, frames: number): Promise<Calls> {
    const { head: states } = this.#network;
    const part = states ? "body" : "whole";
    const one = await this.#call({ part, streams: frames > 1 ? null : streams });
    const many = frames > 1 ? await this.#call({ part, frames }) : one;
    if (!states) return { one, many, head: null };
    const rowsOf = (rows: number) => ({ part: "classifier", streams: rows <= mostRows ? rows : null }) as const;
    await this.#call(rowsOf(streams));
    // Disposal waits for what sessions still have to say.
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

/** Up to so many rows a classifier has a call of its own for each number: for frames of a stream, and for small batches. */
const mostRows = 16;

/** The states of a head's pool, which sessions keep. */
function headOf(graph: Graph, { body }: SplitHead): readonly CarriedState[] {
  const own = new Set(body.states.map(({ name }) => name));
  return graphInterface(graph).states.filter(({ name }) => !own.has(name));
}

function windowOf({ spec, card }: SessionModel): number {
  return spec.mode === "stream" ? 1 : (card.frames ?? 1);
}

/** How a file is called. Throws {@link ModelError} (`E_MODEL_SIGNATURE`). */
function interfaceOf(signature: Signature, subject: string): StepInterface {
  const read = signatureInterface(signature);
  if ("step" in read) return read.step;
  throw new ModelError({
    code: "E_MODEL_SIGNATURE",
    subject,
    problem: `its signature is not that of a MoViNet stream (${listed(read.problems, 3)})`,
    remedy: "Use a file with the official exporter's signature, or one that movinet wrote",
  });
}
