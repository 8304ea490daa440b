import { buildGraph } from "../arch/build.ts";
import type { Engine } from "../engines/engine.ts";
import { referenceEngine } from "../engines/reference.ts";
import { joinFrames } from "../evaluate/agreement.ts";
import { macsOf } from "../graph/shapes.ts";
import type { Model } from "../model/model.ts";
import { type ClipSession, openWholeClip } from "../session/clip-session.ts";
import type { SessionSource } from "../session/program.ts";
import type { Frames } from "./clips.ts";

/** One way to run a network. */
export interface Runner {
  /** Name of the file or the model. */
  readonly name: string;
  /** For example `onnxruntime-node cpu`. */
  readonly runtime: string;
  readonly call: "frame by frame" | "whole clip";
  /** Required number of frames per clip; null: any. */
  readonly frames: number | null;
  /**
   * Logits after each frame of a clip (`[3, H, W]` each), or only after the last one. Runners in another thread throw
   * the signal's reason at once.
   */
  logits(clip: Frames, signal?: AbortSignal): Promise<readonly Float32Array[]>;
}

/** A stream model frame by frame, a base model window by window, with any source of sessions. */
export function sessionRunner(source: SessionSource, name: string, runtime: string): Runner {
  if (source.model.spec.mode === "base") {
    return {
      name,
      runtime,
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
 * The reference interpreter on whole clips: float64 and slow, so it gives no answer if that would take too long.
 * `interpret` runs it, by default {@link interpretClip} in this thread.
 */
export function referenceRunner(
  model: Pick<Model, "spec" | "weights">,
  name: string,
  interpret: (clip: Frames, signal: AbortSignal | undefined) => Promise<Float32Array> = (clip) =>
    interpretClip(model, clip),
): Runner {
  let left = mostMacs;
  return {
    name,
    runtime: "reference interpreter",
    call: "whole clip",
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

/** Logits of a whole clip by the reference interpreter. */
export async function interpretClip(model: Pick<Model, "spec" | "weights">, clip: Frames): Promise<Float32Array> {
  return (await openWholeClip(model, clip.length, referenceEngine)).run(joinFrames(clip));
}
