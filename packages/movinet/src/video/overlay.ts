/** A picture that is drawn over those of a video. */
export interface Overlay {
  /** Where its top left pixel goes, in pixels of the video as shown; even, because 4:2:0 halves the chroma. */
  readonly left: number;
  readonly top: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Row-major RGBA, 8 bits each, the colours multiplied by alpha: `height × width × 4` bytes. */
  readonly data: Uint8Array;
}

/** What one message to a copying process says of the next frame: draw what was drawn before, draw this, or draw nothing. */
const kinds = { same: 0, overlay: 1, nothing: 2 } as const;
const headerBytes = 21;

/**
 * The bytes that tell a copying process what to draw; `undefined`: the same as before. Pixels go as runs of equal ones, for a panel
 * has few others and a pipe takes time.
 */
export function overlayMessage(overlay: Overlay | null | undefined): readonly Uint8Array[] {
  const header = new Uint8Array(headerBytes);
  header[0] = overlay === undefined ? kinds.same : overlay === null ? kinds.nothing : kinds.overlay;
  if (!overlay) return [header];
  const { left, top, width, height } = overlay;
  const runs = runsOf(pixelsOf(overlay));
  const view = new DataView(header.buffer);
  for (const [i, value] of [left, top, width, height, runs.length].entries()) view.setUint32(1 + 4 * i, value, true);
  return [header, new Uint8Array(runs.buffer)];
}

/**
 * Reads what {@link overlayMessage} wrote, into the same memory each time: who computes without a pause never gets back what is thrown
 * away.
 */
export class OverlayReader {
  readonly #read: (bytes: Uint8Array) => boolean;
  readonly #header = new Uint8Array(headerBytes);
  #runs = new Uint32Array();
  #pixels = new Uint32Array();

  /** @param read fills its array, or returns false at the end. */
  constructor(read: (bytes: Uint8Array) => boolean) {
    this.#read = read;
  }

  /** The next overlay, which holds until the next call. Throws at the end. */
  next(): Overlay | null | undefined {
    const header = this.#header;
    this.#take(header);
    if (header[0] === kinds.same) return undefined;
    if (header[0] === kinds.nothing) return null;
    const view = new DataView(header.buffer);
    const field = (i: number) => view.getUint32(1 + 4 * i, true);
    const [left, top, width, height, length] = [field(0), field(1), field(2), field(3), field(4)];
    if (this.#runs.length < length) this.#runs = new Uint32Array(2 * length);
    if (this.#pixels.length !== width * height) this.#pixels = new Uint32Array(width * height);
    const [runs, pixels] = [this.#runs, this.#pixels];
    this.#take(new Uint8Array(runs.buffer, 0, 4 * length));
    for (let i = 0, at = 0; i < length; i += 2) {
      const end = at + (runs[i] as number);
      pixels.fill(runs[i + 1] as number, at, end);
      at = end;
    }
    return { left, top, width, height, data: new Uint8Array(pixels.buffer) };
  }

  #take(bytes: Uint8Array): void {
    if (!this.#read(bytes)) throw new Error("internal: the process that says what to draw has ended");
  }
}

/** The pixels of an overlay as one number each. */
export function pixelsOf({ data }: Overlay): Uint32Array {
  const aligned = data.byteOffset % 4 === 0 ? data : data.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}

/** Pairs of a length and a pixel. */
function runsOf(pixels: Uint32Array): Uint32Array {
  let count = 1;
  for (let i = 1; i < pixels.length; i++) if (pixels[i] !== pixels[i - 1]) count++;
  const runs = new Uint32Array(2 * count);
  let used = 0;
  for (let i = 0; i < pixels.length; ) {
    const pixel = pixels[i] as number;
    const start = i;
    while (i < pixels.length && pixels[i] === pixel) i++;
    runs[used] = i - start;
    runs[used + 1] = pixel;
    used += 2;
  }
  return runs;
}
