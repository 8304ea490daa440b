/** One picture of a video: 8-bit RGB pixels and the moment at which it is shown. */
export interface Frame {
  /** Row-major RGB, `height × width × 3` bytes in 0..255, without padding between rows. */
  readonly data: Uint8Array;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** The sampling instant in seconds since the first picture of the stream: `k / fps` for frame `k`. */
  readonly timestamp: number;
  /** Called when the flow is done with the picture, so that its memory can be used again. */
  [Symbol.dispose]?(): void;
}
