/** A frame of a video: 8-bit RGB pixels and the time at which it is shown. */
export interface Frame {
  /** Row-major RGB, `height × width × 3` bytes in 0..255, without padding between rows. */
  readonly data: Uint8Array;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** The sampling time in seconds since the first frame of the stream: `k / fps` for frame `k`. */
  readonly timestamp: number;
  /** Called when the frame is no longer needed, so that its memory can be reused. */
  [Symbol.dispose]?(): void;
}

/** Pixels: row-major RGB, `height × width × 3` bytes, of any size. */
export type Picture = Pick<Frame, "data" | "width" | "height">;

/**
 * The same values until the signal aborts: then the iteration throws the signal's reason, even while waiting for a
 * value. `values` is asked to end; after an abort it is not waited for, because it may never answer.
 */
export async function* abortable<T>(values: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  signal.throwIfAborted();
  const iterator = values[Symbol.asyncIterator]();
  let abort = () => {};
  const onAbort = () => abort();
  signal.addEventListener("abort", onAbort);
  try {
    for (;;) {
      const { done, value } = await new Promise<IteratorResult<T>>((resolve, reject) => {
        abort = () => reject(signal.reason);
        iterator.next().then(resolve, reject);
      });
      if (done) return;
      yield value;
      signal.throwIfAborted();
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    const ended = iterator.return?.();
    if (signal.aborted) ended?.catch(() => {});
    else await ended;
  }
}
