import { Turns } from "../../common/turns.ts";
import { embeddedLabels } from "../../formats/tflite/read/embedded-labels.ts";
import { locateTflite } from "../../formats/tflite/read/import.ts";
import { readModel, type TfliteModel } from "../../formats/tflite/read/schema.ts";
import { type Card, defaultCard } from "../../model/card.ts";
import { checkLabels } from "../../model/labels.ts";
import { checkCard } from "../../model/limits.ts";
import { readCard } from "../../model/metadata.ts";
import { ClipSession } from "../../session/clip-session.ts";
import type { SessionModel, SessionSource } from "../../session/program.ts";
import { recentOfTwo } from "../../session/recent-session.ts";
import type { RecentSession, StreamOptions, StreamSession } from "../../session/stream-session.ts";
import { type ClipFile, clipFile } from "./clip-file.ts";
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
  readonly #turns: Turns;
  readonly #executable: TfliteExecutable;
  readonly #opened: Opened;
  readonly #output: FileFacts["output"];

  private constructor(
    { backend, subject, executable }: { backend: string; subject: string; executable: TfliteExecutable },
    opened: Opened,
    { model, output }: FileFacts,
  ) {
    this.model = model;
    this.backend = backend;
    this.#subject = subject;
    this.#turns = new Turns(this, "program", subject);
    this.#executable = executable;
    this.#opened = opened;
    this.#output = output;
  }

  /**
   * Opens a file with the official exporter's signature, with that of the step form, or of whole clips. `subject` names it in
   * errors; `card` is what the file does not tell: labels, for one. Throws {@link ModelError} (`E_MODEL_FORMAT`,
   * `E_MODEL_RUNTIME`, `E_MODEL_SIGNATURE`, `E_MODEL_LABELS`).
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
      const clip = clipFile(executable);
      const stream = clip ? null : (stepForm(executable, subject) ?? officialForm(executable, file, subject));
      const opened = { clip, stream } as Opened;
      const facts = factsOf(file, bytes, subject, opened);
      const model = { ...facts.model, card: { ...facts.model.card, ...card } };
      checkLabels(model.card.labels, model.spec, subject);
      return new TfliteProgram({ backend: runtime.name, subject, executable }, opened, { ...facts, model });
    } catch (error) {
      executable.dispose();
      throw error;
    }
  }

  /**
   * Opens a session of a file that takes one frame at a time, so that `chunk` changes nothing. Throws `TypeError` for a
   * file of whole clips.
   */
  async openStream({
    streams = 1,
    halfLifeFrames = Number.POSITIVE_INFINITY,
  }: StreamOptions = {}): Promise<StreamSession> {
    this.#turns.check();
    const { stream } = this.#opened;
    if (!stream) throw new TypeError(`${this.#subject} takes whole clips: open it with openClip`);
    const options = { streams, halfLifeFrames, toLogits: logitsOf[this.#output] };
    return this.#turns.adopt(new FileSession(stream, this.#subject, options));
  }

  /**
   * Twice the work of {@link TfliteProgram.openStream}. Pools of an official file forget by whole counts, the nearest to
   * `halfLifeFrames`.
   */
  async openRecent(halfLifeFrames: number): Promise<RecentSession> {
    const [whole, ageing] = [await this.openStream(), await this.openStream({ halfLifeFrames })];
    return this.#turns.adopt(recentOfTwo(this.#subject, whole, ageing));
  }

  /** Opens a session of a file of whole clips. Throws `TypeError` for others. */
  async openClip(): Promise<ClipSession> {
    this.#turns.check();
    const { clip } = this.#opened;
    if (!clip) throw new TypeError(`${this.#subject} takes one frame at a time: open it with openStream`);
    const toLogits = logitsOf[this.#output];
    const run = async (window: Float32Array) => toLogits(await clip.run(window));
    return this.#turns.adopt(new ClipSession(this.#subject, clip.frames, this.model.spec.resolution, run));
  }

  /** Disposes of the open sessions and frees the compiled network. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(() => {
      this.#opened.stream?.dispose();
      this.#executable.dispose();
    });
  }
}

type Opened = { readonly stream: StreamForm; readonly clip: null } | { readonly stream: null; readonly clip: ClipFile };

interface FileFacts {
  readonly model: SessionModel;
  readonly output: "logits" | "softmax" | "sigmoid";
}

/** What the metadata of a file of ours tells, or else the operators; of a network out of the family the signature does. */
function factsOf(file: TfliteModel, bytes: Uint8Array, subject: string, { stream, clip }: Opened): FileFacts {
  const { height, width, classes } = stream ?? clip;
  const spec = { mode: stream ? "stream" : "base", classes, resolution: { height, width } } as const;
  const sized = (card: Card): Card => ({
    ...card,
    input: { ...card.input, height, width },
    frames: clip ? clip.frames : null,
  });
  const own = file.metadata["movinet.card"];
  if (own) {
    const card = sized(readCard({ "movinet.card": new TextDecoder().decode(own) }, subject));
    checkCard(card, spec, subject);
    return { model: { spec, card }, output: "logits" };
  }
  const { names: labels } = embeddedLabels(bytes, file, classes);
  try {
    const { spec: found, output } = locateTflite(bytes, subject);
    const card = { ...sized(defaultCard(found)), labels };
    return { model: { spec, card: output === "sigmoid" ? { ...card, output } : card }, output };
  } catch {
    const card = { ...sized(defaultCard({ variant: "custom", ...spec })), labels };
    return { model: { spec, card }, output: "logits" };
  }
}

/** Scores back to logits: those of a softmax are known up to a constant, which changes nothing. */
const logitsOf = {
  logits: (values) => values,
  softmax: (values) => values.map((score) => Math.log(Math.max(score, 1e-38))),
  sigmoid: (values) => values.map((score) => Math.log(Math.max(score, 1e-38) / Math.max(1 - score, 1e-7))),
} as const satisfies Record<FileFacts["output"], (values: Float32Array) => Float32Array>;
