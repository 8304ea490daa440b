/** One tensor of a stream's state in the reference implementation's shape: buffers `[1, k, H, W, C]`, counts `[1]`. */
export interface StateTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** What one stream carries from frame to frame, by Google's state names; plain data that may be stored or sent. */
export type StreamState = Readonly<Record<string, StateTensor>>;

export interface StreamOptions {
  /** Independent streams that step together, each with a state and an age of its own. Default 1. */
  readonly streams?: number;
  /** Frames that one call of the network takes where `step` brings as many: more is faster for files. Default 1. */
  readonly chunk?: number;
  /**
   * Ageing of the pools: frames after which a frame counts half in their means, which otherwise never forget. Default
   * none. A session that ages calls the network frame by frame, and its snapshots only mean something to sessions that
   * age alike.
   */
  readonly halfLifeFrames?: number;
  /**
   * Also tell what the recent past alone says: `step` then gives the output `recent` beside `logits`, the logits of pools that
   * age by this half-life. One stream, frame by frame; for networks whose gates have pools, too, it is twice the work. Default
   * none.
   */
  readonly recentHalfLifeFrames?: number;
}

/** What a network says after a step, by the names of its outputs: rows of streams, `[streams, …]`. */
export interface StepOutputs {
  /** Given all frames so far, `[streams, classes]`. */
  readonly logits: Float32Array;
  /** Given the recent past alone, `[streams, classes]`, where the session was opened with `recentHalfLifeFrames`. */
  readonly recent?: Float32Array;
  /** Other outputs of the network. */
  readonly [name: string]: Float32Array | undefined;
}

/** Frames of which a session can still be asked what the network says. */
export const rememberedFrames = 16;

/** Streams that step through one model. Calls are carried out in the order in which they were made. */
export interface StreamSession extends AsyncDisposable {
  readonly streams: number;
  /** Bytes of state that each stream carries. */
  readonly stateBytes: number;
  /**
   * Advances every stream by the same number of new frames. `frames` holds RGB in 0..1 as `[T · streams, 3, H, W]`,
   * time-major (row `t · streams + stream`), and must not change until the call is done. Returns what the network says
   * after the last frame. Throws `TypeError` for other sizes, `SessionError` (`E_SESSION_DISPOSED`) after disposal.
   */
  step(frames: Float32Array): Promise<StepOutputs>;
  /**
   * As {@link StreamSession.step}, without asking what the network says: its classifier does not run. A file runs whole all the
   * same.
   */
  advance(frames: Float32Array): Promise<void>;
  /**
   * What the network says after each of the last `frames` frames (default 1, at most 16) of every stream: rows
   * `[frames · streams, …]`, time-major. The classifier runs once for all of them. Throws `TypeError` where fewer frames were
   * given since the session began, or since the last `reset` or `restore` of any stream.
   */
  outputs(frames?: number): Promise<StepOutputs>;
  /** Begins anew: all streams, or one of them. */
  reset(stream?: number): Promise<void>;
  /** The state of one stream (default the first); `restore` continues from it bit-equal. */
  snapshot(stream?: number): Promise<StreamState>;
  /** Puts a state that `snapshot` gave, or the reference implementation, into one stream (default the first). */
  restore(state: StreamState, stream?: number): Promise<void>;
}
