import type { OnnxPrecision } from "../../formats/onnx/write/file.ts";
import type { SessionModel } from "../../session/program.ts";

/** An ONNX file of ours that runs as it is, one stream at a time, by its documented names alone (see `OnnxForm`). */
export interface OnnxFile extends AsyncDisposable {
  readonly model: SessionModel;
  readonly form: "step" | "clip";
  /** How its weights are stored. */
  readonly dtype: OnnxPrecision;
  /** Frames of a call. */
  readonly frames: number;
  /**
   * Step: takes one frame `[3, H, W]` of the stream, clip: all frames `[T, 3, H, W]`; RGB in 0..1. Returns the logits
   * `[classes]`.
   */
  run(frames: Float32Array): Promise<Float32Array>;
  /** Begins a new stream. */
  reset(): void;
}
