import { buildGraph } from "../arch/build.ts";
import type { Spec } from "../arch/spec.ts";
import { Turns } from "../common/turns.ts";
import type { Backend, DeviceTensor, Executable } from "../engines/engine.ts";
import { splitHead } from "../graph/passes.ts";
import type { Card } from "../model/card.ts";
import type { Model } from "../model/model.ts";
import { ClipSession } from "./clip-session.ts";
import { LocalStreamSession } from "./local-stream-session.ts";
import { recentOfHeads, recentOfTwo } from "./recent-session.ts";
import type { RecentSession, StreamOptions, StreamSession } from "./stream-session.ts";

/** What must be known of a network in order to feed it and to name what it says. */
export interface SessionModel {
  readonly spec: Pick<Spec, "mode" | "classes" | "resolution">;
  readonly card: Card;
}

/** What opens sessions of a model: a {@link Program} in this thread, one in a worker thread, or a file that runs as it is. */
export interface SessionSource {
  readonly model: SessionModel;
  openStream(options?: StreamOptions): Promise<StreamSession>;
  /** Opens a session that also tells what the recent past says: pools forget half in `halfLifeFrames`. */
  openRecent(halfLifeFrames: number): Promise<RecentSession>;
  openClip(): Promise<Pick<ClipSession, "frames" | "run"> & AsyncDisposable>;
}

/**
 * A model compiled for a backend, once, and shared by any number of sessions. Weights and threads exist once for each
 * form of call that sessions ask for: one stream frame by frame (compiled at once), batches of streams, chunks.
 */
export class Program implements SessionSource, AsyncDisposable {
  readonly model: Model;
  readonly backend: string;
  readonly #backend: Backend;
  readonly #turns: Turns;
  readonly #executables = new Map<string, Promise<Executable>>();

  private constructor(model: Model, backend: Backend) {
    this.model = model;
    this.backend = backend.name;
    this.#backend = backend;
    this.#turns = new Turns(this, "program", model.card.name);
  }

  /** A program of which each form is compiled when the first session asks for it. */
  static prepare(model: Model, backend: Backend): Program {
    return new Program(model, backend);
  }

  /** Compiles the one-frame step of a stream model, or the window of a base model, and the other forms when asked for. */
  static async compile(model: Model, backend: Backend): Promise<Program> {
    const program = Program.prepare(model, backend);
    await program.#executable(callFrames(model), model.spec.mode === "stream");
    return program;
  }

  async #executable(frames: number, single: boolean, part: "whole" | "body" | "head" = "whole"): Promise<Executable> {
    this.#turns.check();
    const key = `${part} ${frames} ${single}`;
    let executable = this.#executables.get(key);
    if (!executable) {
      const call = this.model.spec.mode === "stream" ? "step" : "clip";
      const graph = buildGraph(this.model.spec, { call, frames });
      executable = this.#backend.compile(part === "whole" ? graph : splitHead(graph)[part], this.model.weights, {
        single,
      });
      this.#executables.set(key, executable);
    }
    const compiled = await executable;
    this.#turns.check();
    return compiled;
  }

  /** Opens a session of a stream model. Throws `TypeError` for base models. */
  async openStream(options: StreamOptions = {}): Promise<LocalStreamSession> {
    const { streams = 1, chunk = 1, halfLifeFrames = Number.POSITIVE_INFINITY } = options;
    requireMode(this.model.spec, "stream");
    const step = await this.#executable(1, streams === 1 && chunk === 1);
    const frames = Math.min(chunk, this.#backend.stepFrames ?? chunk);
    const chunked = frames > 1 ? await this.#executable(frames, false) : step;
    return this.#turns.adopt(new LocalStreamSession(this.model.spec, { streams, halfLifeFrames }, step, chunked));
  }

  /** Opens one stream remembered in two ways; twice the work of {@link Program.openStream} for models with gates. */
  async openRecent(halfLifeFrames: number): Promise<RecentSession> {
    if (this.model.spec.squeezeExcite !== "none") {
      const [whole, ageing] = [await this.openStream(), await this.openStream({ halfLifeFrames })];
      return this.#turns.adopt(recentOfTwo(this.model.card.name, whole, ageing));
    }
    requireMode(this.model.spec, "stream");
    const body = await this.#executable(1, true, "body");
    const head = await this.#executable(1, false, "head");
    const session = (halfLife: number, executable: Executable) =>
      new LocalStreamSession(this.model.spec, { streams: 1, halfLifeFrames: halfLife }, executable, executable);
    const never = Number.POSITIVE_INFINITY;
    return this.#turns.adopt(
      recentOfHeads(this.model.card.name, session(never, body), session(never, head), session(halfLifeFrames, head)),
    );
  }

  /** Opens a session of a base model. Throws `TypeError` for stream models. */
  async openClip(): Promise<ClipSession> {
    requireMode(this.model.spec, "base");
    const executable = await this.#executable(callFrames(this.model), false);
    const { graph } = executable;
    const run = async (window: Float32Array) => {
      const image = executable.upload("image", window);
      const outputs = await executable.run({ image });
      image.dispose();
      const logits = outputs[graph.logits] as DeviceTensor;
      const result = (await logits.read()).slice();
      logits.dispose();
      return result;
    };
    return this.#turns.adopt(new ClipSession(this.model.card.name, graph.frames, this.model.spec.resolution, run));
  }

  /** Disposes of the open sessions and frees the compiled networks. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(async () => {
      const compiled = await Promise.allSettled(this.#executables.values());
      for (const executable of compiled) if (executable.status === "fulfilled") await executable.value.dispose();
    });
  }
}

function callFrames({ spec, card }: Model): number {
  return spec.mode === "stream" ? 1 : (card.frames ?? 1);
}

function requireMode(spec: Spec, mode: Spec["mode"]): void {
  if (spec.mode !== mode) {
    throw new TypeError(
      `${spec.variant}-${spec.mode} is a ${spec.mode} model: open it with open${spec.mode === "base" ? "Clip" : "Stream"}`,
    );
  }
}
