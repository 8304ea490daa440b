/** A tensor of a stream's state in the reference implementation's shape: buffers `[1, k, H, W, C]`, counts `[1]`. */
export interface StateTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** The state of one stream between frames, with Google's names; plain data to store or send. */
export type StreamState = Readonly<Record<string, StateTensor>>;

export interface StreamOptions {
  /** Independent streams that step together, each with its own state and age. Default 1. */
  readonly streams?: number;
  /** Frames that one call of the network takes if `step` has as many: more is faster for files. Default 1. */
  readonly chunk?: number;
  /**
   * Half-life of the pools, in frames: otherwise they never forget. Default none. A session with a half-life calls the
   * network frame by frame, and its snapshots are only valid in sessions with the same half-life.
   */
  readonly halfLifeFrames?: number;
  /**
   * Also returns the answer for the recent past: `step` then has an output `recent` in addition to `logits`, the
   * logits of pools with this half-life. One stream, frame by frame; twice the work for networks whose gates have
   * pools. Default none.
   */
  readonly recentHalfLifeFrames?: number;
}

/** The outputs after a step, by name: one row per stream, `[streams, …]`. */
export interface StepOutputs {
  /** For all frames so far, `[streams, classes]`. */
  readonly logits: Float32Array;
  /** For the recent past alone, `[streams, classes]`, if the session was opened with `recentHalfLifeFrames`. */
  readonly recent?: Float32Array;
  /** Other outputs of the network. */
  readonly [name: string]: Float32Array | undefined;
}

/** The number of frames whose outputs a session keeps. */
export const rememberedFrames = 16;

/** Streams that step through one model. Calls run in the order they were made. */
export interface StreamSession extends AsyncDisposable {
  readonly streams: number;
  /** Bytes of state per stream. */
  readonly stateBytes: number;
  /**
   * Advances every stream by the same number of new frames. `frames` has RGB in 0..1 as `[T · streams, 3, H, W]`,
   * time-major (row `t · streams + stream`), and must not change until the call is done. Returns the outputs after the
   * last frame. Throws `TypeError` for other sizes, {@link SessionError} (`E_SESSION_DISPOSED`) after disposal.
   */
  step(frames: Float32Array): Promise<StepOutputs>;
  /**
   * Like {@link StreamSession.step}, without computing outputs: the classifier does not run. A file always runs
   * completely.
   */
  advance(frames: Float32Array): Promise<void>;
  /**
   * The outputs after each of the last `frames` frames (default 1, at most 16) of every stream: rows `[frames ·
   * streams, …]`, time-major. The classifier runs once for all of them. Throws `TypeError` if there were fewer frames
   * since the session began, or since the last `reset` or `restore` of any stream.
   */
  outputs(frames?: number): Promise<StepOutputs>;
  /** Starts all streams, or one of them, anew. */
  reset(stream?: number): Promise<void>;
  /** The state of one stream (default: the first); `restore` continues from it bit for bit. */
  snapshot(stream?: number): Promise<StreamState>;
  /** Loads a state from `snapshot`, or from the reference implementation, into one stream (default: the first). */
  restore(state: StreamState, stream?: number): Promise<void>;
}
