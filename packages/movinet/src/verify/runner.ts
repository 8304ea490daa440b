import { buildGraph } from "../arch/build.ts";
import type { Engine } from "../engines/engine.ts";
import { referenceEngine } from "../engines/reference.ts";
import { joinFrames } from "../evaluate/agreement.ts";
import { macsOf } from "../graph/shapes.ts";
import type { Model } from "../model/model.ts";
import { type ClipSession, openWholeClip } from "../session/clip-session.ts";
import type { SessionSource } from "../session/program.ts";
import type { Frames } from "./clips.ts";

/** One way in which a network can be run. */
export interface Runner {
  /** Of the file or the model. */
  readonly name: string;
  /** For example `onnxruntime-node cpu`. */
  readonly runtime: string;
  readonly call: "frame by frame" | "whole clip";
  /** Frames that a clip must have; null: any number. */
  readonly frames: number | null;
  /**
   * Logits after each frame of a clip (`[3, H, W]` each), or after the last one only. One that another thread works out
   * throws the signal's reason at once.
   */
  logits(clip: Frames, signal?: AbortSignal): Promise<readonly Float32Array[]>;
}

/** A stream model frame by frame, a base model window by window, whatever opens its sessions. */
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

/** A stream model that sees all frames of a clip in one call; its network stays compiled until the length changes. */
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

/** Multiply–accumulates that the reference interpreter does in some ten seconds. */
const mostMacs = 4e8;

/**
 * The reference interpreter on whole clips: float64 and slow, so that it answers nothing more where that would take long.
 * `interpret` does it, by default {@link interpretClip} in this thread.
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
