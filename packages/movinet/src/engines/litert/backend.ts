import { ModelError } from "../../common/errors.ts";
import { emitGraph } from "../../formats/tflite/write/graph.ts";
import { lowerGraph } from "../../formats/tflite/write/lower.ts";
import type { Graph } from "../../graph/ir.ts";
import type { Weights } from "../../graph/tensor.ts";
import type { Card } from "../../model/card.ts";
import type { Backend, Executable } from "../engine.ts";
import { graphExecutable } from "./graph-executable.ts";
import { TfliteProgram } from "./program.ts";
import type { TfliteRuntime } from "./runtime.ts";

/** A runtime of TFLite files: it opens files as they are, and compiles models by way of a file. */
export class TfliteBackend implements Backend {
  readonly name: string;
  readonly stepFrames = 1;
  readonly #runtime: TfliteRuntime;

  constructor(runtime: TfliteRuntime) {
    this.name = runtime.name;
    this.#runtime = runtime;
  }

  /** {@link TfliteProgram.open} on this runtime. */
  open(bytes: Uint8Array, subject: string, card: Partial<Card> = {}): Promise<TfliteProgram> {
    return TfliteProgram.open(this.#runtime, bytes, subject, card);
  }

  /** Throws {@link ModelError} (`E_MODEL_EXPORT`) for steps of several frames: a file takes them one by one. */
  async compile(graph: Graph, weights: Weights): Promise<Executable> {
    if (graph.states.length > 0 && graph.frames !== 1) {
      throw new ModelError({
        code: "E_MODEL_EXPORT",
        subject: graph.name,
        problem: `a TFLite file takes one frame of a stream at a time, not ${graph.frames}`,
        remedy: "Compile the step of one frame and call it for each",
      });
    }
    const lowered = lowerGraph(graph);
    return graphExecutable(lowered, await this.#runtime.load(emitGraph(lowered, weights), graph.name));
  }
}
