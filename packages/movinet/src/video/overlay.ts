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
const headerBytes = 17;

/** The bytes that tell a copying process what to draw; `undefined`: the same as before. */
export function overlayMessage(overlay: Overlay | null | undefined): readonly Uint8Array[] {
  const header = new Uint8Array(headerBytes);
  header[0] = overlay === undefined ? kinds.same : overlay === null ? kinds.nothing : kinds.overlay;
  if (!overlay) return [header];
  const view = new DataView(header.buffer);
  const { left, top, width, height, data } = overlay;
  for (const [i, value] of [left, top, width, height].entries()) view.setUint32(1 + 4 * i, value, true);
  return [header, data];
}

/** Reads what {@link overlayMessage} wrote. `read` fills its array, or returns false at the end; then this throws. */
export function readOverlay(read: (bytes: Uint8Array) => boolean): Overlay | null | undefined {
  const header = new Uint8Array(headerBytes);
  const take = (bytes: Uint8Array) => {
    if (!read(bytes)) throw new Error("internal: the process that says what to draw has ended");
    return bytes;
  };
  take(header);
  if (header[0] === kinds.same) return undefined;
  if (header[0] === kinds.nothing) return null;
  const view = new DataView(header.buffer);
  const [left, top, width, height] = [1, 5, 9, 13].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  return { left, top, width, height, data: take(new Uint8Array(width * height * 4)) };
}
