/** Stands in for `classify(file)` until the library has it. */
import type { Frame } from "movinet";

export async function openClip(
  file: File,
  { fps, size, signal }: { fps: number; size: { width: number; height: number }; signal: AbortSignal },
) {
  const { ALL_FORMATS, BlobSource, CanvasSink, Input } = await import("mediabunny");
  const input = new Input({ formats: ALL_FORMATS, source: new BlobSource(file) });
  const track = await input.getPrimaryVideoTrack();
  if (track === null || !(await track.canDecode())) throw new Error("no video that this browser can decode");
  const duration = await input.computeDuration();
  const sink = new CanvasSink(track, { width: 2 * size.width, height: 2 * size.height, fit: "cover", poolSize: 2 });
  async function* frames(): AsyncGenerator<Frame> {
    let k = 0;
    for await (const shown of sink.canvases()) {
      signal.throwIfAborted();
      while (shown.timestamp + shown.duration > k / fps) {
        const { width, height } = shown.canvas;
        const context = shown.canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
        const rgba = context.getImageData(0, 0, width, height).data;
        const data = new Uint8Array(3 * width * height);
        for (let i = 0, j = 0; j < data.length; i += 4, j += 3) data.set(rgba.subarray(i, i + 3), j);
        yield { data, width, height, timestamp: k++ / fps };
      }
    }
  }
  return { duration: duration as number | null, frames: frames(), warnings: (): readonly string[] => [] };
}
