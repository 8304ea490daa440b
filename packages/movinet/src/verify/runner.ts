import { buildGraph } from "../arch/build.ts";
import type { Engine } from "../engines/engine.ts";
import { referenceEngine } from "../engines/reference.ts";
import { joinFrames } from "../evaluate/agreement.ts";
import type { Arithmetic } from "../graph/precision.ts";
import { macsOf } from "../graph/shapes.ts";
import type { Model } from "../model/model.ts";
import { type ClipSession, openWholeClip } from "../session/clip-session.ts";
import { Program } from "../session/program.ts";
import type { Frames } from "./clips.ts";

/** One way to run a network. */
export interface Runner {
  /** Name of the file or the model. */
  readonly name: string;
  /** For example `onnxruntime-node cpu`. */
  readonly runtime: string;
  /** `float32` also for the dequantized weights of an int8 file. */
  readonly arithmetic: Arithmetic;
  readonly call: "frame by frame" | "whole clip";
  /** Required number of frames per clip; null: any. */
  readonly frames: number | null;
  /**
   * Logits after each frame of a clip (`[3, H, W]` each), or only after the last one. Runners in another thread throw
   * the signal's reason at once.
   */
  logits(clip: Frames, signal?: AbortSignal): Promise<readonly Float32Array[]>;
}

/** A stream model frame by frame, a base model window by window. */
export function sessionRunner(source: Program, name: string): Runner {
  const { engine: runtime, arithmetic } = source;
  if (source.model.spec.mode === "base") {
    return {
      name,
      runtime,
      arithmetic,
      call: "whole clip",
      frames: source.model.card.frames ?? 1,
      async logits(clip) {
        const session = await source.openClip();
        try {
          return [await session.run(joinFrames(clip))];
        } finally {
          await session[Symbol.asyncDispose]();
        }
      },
    };
  }
  return {
    name,
    runtime,
    arithmetic,
    call: "frame by frame",
    frames: null,
    async logits(clip) {
      const session = await source.openStream();
      try {
        const results: Float32Array[] = [];
        for (const frame of clip) results.push((await session.step(frame)).logits);
        return results;
      } finally {
        await session[Symbol.asyncDispose]();
      }
    },
  };
}

/** A stream model on all frames of a clip in one call; its network stays compiled until the length changes. */
export function clipRunner(model: Model, name: string, engine: Engine): Runner & { close(): Promise<void> } {
  let session: ClipSession | null = null;
  const close = async () => {
    await session?.[Symbol.asyncDispose]();
    session = null;
  };
  return {
    name,
    runtime: engine.name,
    arithmetic: "float32",
    call: "whole clip",
    frames: null,
    close,
    async logits(clip) {
      if (session?.frames !== clip.length) {
        await close();
        session = await openWholeClip(model, clip.length, engine);
      }
      return [await (session as ClipSession).run(joinFrames(clip))];
    },
  };
}

/** Multiply–accumulates that take the reference interpreter about ten seconds. */
const mostMacs = 4e8;

/**
 * The reference interpreter on whole clips, or, of a quantized model, frame by frame on its integers: slow, so it gives no answer if that
 * would take too long. `interpret` runs it, by default {@link interpretClip} in this thread.
 */
export function referenceRunner(
  model: Model,
  name: string,
  interpret: (clip: Frames, signal: AbortSignal | undefined) => Promise<Float32Array> = (clip) =>
    interpretClip(model, clip),
): Runner {
  let left = mostMacs;
  return {
    name,
    runtime: "reference interpreter",
    arithmetic: model.integers ? "int8" : "float32",
    call: model.integers ? "frame by frame" : "whole clip",
    frames: null,
    async logits(clip, signal) {
      const graph = buildGraph(model.spec, { form: "clip", frames: clip.length });
      const macs = graph.nodes.reduce((sum, node) => sum + macsOf(node, graph), 0);
      if (macs > left) return [];
      left -= macs;
      return [await interpret(clip, signal)];
    },
  };
}

/** Logits after the last frame of a clip by the reference interpreter. */
export async function interpretClip(model: Model, clip: Frames): Promise<Float32Array> {
  if (model.integers) {
    const answers = await sessionRunner(Program.prepare(model, referenceEngine), model.card.name).logits(clip);
    return answers.at(-1) as Float32Array;
  }
  return (await openWholeClip(model, clip.length, referenceEngine)).run(joinFrames(clip));
}
