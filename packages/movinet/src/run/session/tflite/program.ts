import { type Card, defaultCard } from "../../../model/card.ts";
import { locateTflite } from "../../../model/weights/tflite/import.ts";
import { readModel } from "../../../model/weights/tflite/schema.ts";
import type { SessionModel, SessionSource } from "../program.ts";
import { recentOfTwo } from "../recent-session.ts";
import type { RecentSession, StreamOptions, StreamSession } from "../stream-session.ts";
import { FileSession } from "./file-session.ts";
import type { StreamForm } from "./form.ts";
import { officialForm } from "./official-form.ts";
import type { TfliteExecutable, TfliteRuntime } from "./runtime.ts";
import { stepForm } from "./step-form.ts";

/** A TFLite file that runs as it is, in its own arithmetic, and is shared by any number of sessions. */
export class TfliteProgram implements SessionSource, AsyncDisposable {
  readonly model: SessionModel;
  /** What runs it, for example `LiteRT.js wasm`. */
  readonly backend: string;
  readonly #subject: string;
  readonly #executable: TfliteExecutable;
  readonly #form: StreamForm;
  readonly #output: FileFacts["output"];

  private constructor(backend: string, subject: string, opened: Opened, { model, output }: FileFacts) {
    this.model = model;
    this.backend = backend;
    this.#subject = subject;
    this.#executable = opened.executable;
    this.#form = opened.form;
    this.#output = output;
  }

  /**
   * Opens a file with the official exporter's signature or with that of the step form. `subject` names it in errors; `card`
   * is what the file does not tell: labels, for one. Throws {@link ModelError} (`E_MODEL_FORMAT`, `E_MODEL_RUNTIME`,
   * `E_MODEL_SIGNATURE`).
   */
  static async open(
    runtime: TfliteRuntime,
    bytes: Uint8Array,
    subject: string,
    card: Partial<Card> = {},
  ): Promise<TfliteProgram> {
    const file = readModel(bytes, subject);
    const executable = await runtime.load(bytes, subject);
    try {
      const form = stepForm(executable, subject) ?? officialForm(executable, file, subject);
      return new TfliteProgram(runtime.name, subject, { executable, form }, factsOf(bytes, subject, form, card));
    } catch (error) {
      executable.dispose();
      throw error;
    }
  }

  /** Opens a session; `chunk` changes nothing, a file takes one frame at a time. */
  async openStream({
    streams = 1,
    halfLifeFrames = Number.POSITIVE_INFINITY,
  }: StreamOptions = {}): Promise<StreamSession> {
    const toLogits = logitsOf[this.#output];
    return new FileSession(this.#form, this.#subject, { streams, halfLifeFrames, toLogits });
  }

  /** Twice the work of {@link TfliteProgram.openStream}. Pools of an official file forget by whole counts, the nearest to `halfLifeFrames`. */
  async openRecent(halfLifeFrames: number): Promise<RecentSession> {
    return recentOfTwo(await this.openStream(), await this.openStream({ halfLifeFrames }));
  }

  async openClip(): Promise<never> {
    throw new TypeError(`${this.#subject} is a stream model: open it with openStream`);
  }

  /** Frees the compiled network; open sessions fail afterwards. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#form.dispose();
    this.#executable.dispose();
  }
}

interface Opened {
  readonly executable: TfliteExecutable;
  readonly form: StreamForm;
}

interface FileFacts {
  readonly model: SessionModel;
  readonly output: "logits" | "softmax" | "sigmoid";
}

/** What the operators of a file tell; of a network that is none of the family only the signature does. */
function factsOf(
  bytes: Uint8Array,
  subject: string,
  { height, width, classes }: StreamForm,
  given: Partial<Card>,
): FileFacts {
  const known = { mode: "stream", classes, resolution: { height, width } } as const;
  try {
    const { spec, output } = locateTflite(bytes, subject);
    const card = defaultCard(spec);
    const scores = output === "sigmoid" ? { output } : {};
    return { model: { spec: { ...spec, ...known }, card: { ...card, ...scores, ...given } }, output };
  } catch {
    const card = defaultCard({ variant: "custom", ...known });
    return { model: { spec: known, card: { ...card, ...given } }, output: "logits" };
  }
}

/** Scores back to logits: those of a softmax are known up to a constant, which changes nothing. */
const logitsOf = {
  logits: (values) => values,
  softmax: (values) => values.map((score) => Math.log(Math.max(score, 1e-38))),
  sigmoid: (values) => values.map((score) => Math.log(Math.max(score, 1e-38) / Math.max(1 - score, 1e-7))),
} as const satisfies Record<FileFacts["output"], (values: Float32Array) => Float32Array>;
