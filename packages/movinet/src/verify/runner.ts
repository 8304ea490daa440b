import { buildGraph } from "../arch/build.ts";
import type { Backend, Executable } from "../engines/engine.ts";
import type { OnnxFile } from "../engines/onnxruntime/onnx-file.ts";
import { runClip } from "../evaluate/agreement.ts";
import { interpret } from "../graph/interpret.ts";
import { outputOf } from "../graph/ir.ts";
import { macsOf } from "../graph/shapes.ts";
import type { Model } from "../model/model.ts";
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
          return [await session.run(joined(clip))];
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
        for (const frame of clip) results.push(await session.step(frame));
        return results;
      } finally {
        await session[Symbol.asyncDispose]();
      }
    },
  };
}

/** A stream model that sees all frames of a clip in one call; its network stays compiled until the length changes. */
export function clipRunner(
  { spec, weights }: Model,
  name: string,
  backend: Backend,
): Runner & { close(): Promise<void> } {
  let compiled: { readonly frames: number; readonly executable: Executable } | null = null;
  const close = async () => {
    await compiled?.executable.dispose();
    compiled = null;
  };
  return {
    name,
    runtime: backend.name,
    call: "whole clip",
    frames: null,
    close,
    async logits(clip) {
      if (compiled?.frames !== clip.length) {
        await close();
        const graph = buildGraph(spec, { call: "clip", frames: clip.length });
        compiled = { frames: clip.length, executable: await backend.compile(graph, weights, { single: false }) };
      }
      return [await runClip(compiled.executable, clip)];
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
  interpret: (clip: Frames, signal: AbortSignal | undefined) => Promise<Float32Array> = async (clip) =>
    interpretClip(model, clip),
): Runner {
  let left = mostMacs;
  return {
    name,
    runtime: "reference interpreter",
    call: "whole clip",
    frames: null,
    async logits(clip, signal) {
      const graph = buildGraph(model.spec, { call: "clip", frames: clip.length });
      const macs = graph.nodes.reduce((sum, node) => sum + macsOf(node, graph), 0);
      if (macs > left) return [];
      left -= macs;
      return [await interpret(clip, signal)];
    },
  };
}

/** Logits of a whole clip by the reference interpreter. */
export function interpretClip({ spec, weights }: Pick<Model, "spec" | "weights">, clip: Frames): Float32Array {
  const graph = buildGraph(spec, { call: "clip", frames: clip.length });
  return Float32Array.from(interpret(graph, weights, clipInputs(clip))[outputOf(graph)] as Float64Array);
}

/** An ONNX file as it is. */
export function onnxFileRunner(file: OnnxFile, name: string, runtime: string): Runner {
  return {
    name,
    runtime,
    call: file.form === "step" ? "frame by frame" : "whole clip",
    frames: file.form === "step" ? null : file.frames,
    async logits(clip) {
      file.reset();
      if (file.form === "clip") return [await file.run(joined(clip))];
      const results: Float32Array[] = [];
      for (const frame of clip) results.push((await file.run(frame)).slice());
      return results;
    },
  };
}

function clipInputs(clip: Frames): Readonly<Record<string, Float32Array>> {
  return {
    image: joined(clip),
    inverse_count: Float32Array.from(clip, (_, t) => 1 / (t + 1)),
    position: Float32Array.from(clip, (_, t) => t),
  };
}

function joined(clip: Frames): Float32Array {
  const size = clip[0]?.length ?? 0;
  const data = new Float32Array(clip.length * size);
  for (const [t, frame] of clip.entries()) data.set(frame, t * size);
  return data;
}
