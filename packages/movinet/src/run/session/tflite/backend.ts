import type { Card } from "../../../model/card.ts";
import { TfliteProgram } from "./program.ts";
import type { TfliteRuntime } from "./runtime.ts";

/** A runtime of TFLite files: it opens a file as it is. */
export class TfliteBackend {
  readonly name: string;
  readonly #runtime: TfliteRuntime;

  constructor(runtime: TfliteRuntime) {
    this.name = runtime.name;
    this.#runtime = runtime;
  }

  /** {@link TfliteProgram.open} on this runtime. */
  open(bytes: Uint8Array, subject: string, card: Partial<Card> = {}): Promise<TfliteProgram> {
    return TfliteProgram.open(this.#runtime, bytes, subject, card);
  }
}
