/** Stands in for the library's `openVideo` until it has it. */
import type { Frame } from "movinet";

export function openVideo(
  file: File,
  { fps, size, signal }: { fps: number; size: { width: number; height: number }; signal: AbortSignal },
) {
  const video = {
    info: null as { duration: number | null; width: number; height: number } | null,
    frames: 0,
    duration: 0,
    warnings: [] as readonly string[],
    async *[Symbol.asyncIterator](): AsyncGenerator<Frame, void> {
      const { ALL_FORMATS, BlobSource, CanvasSink, Input } = await import("mediabunny");
      const input = new Input({ formats: ALL_FORMATS, source: new BlobSource(file) });
      const track = await input.getPrimaryVideoTrack();
      if (track === null || !(await track.canDecode())) throw new Error("no video that this browser can decode");
      const duration = await input.computeDuration();
      video.info = { duration, width: 1, height: 1 };
      const sink = new CanvasSink(track, { width: 2 * size.width, height: 2 * size.height, fit: "cover", poolSize: 2 });
      for await (const shown of sink.canvases()) {
        signal.throwIfAborted();
        while (shown.timestamp + shown.duration > video.frames / fps) {
          const { width, height } = shown.canvas;
          const context = shown.canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
          const rgba = context.getImageData(0, 0, width, height).data;
          const data = new Uint8Array(3 * width * height);
          for (let i = 0, j = 0; j < data.length; i += 4, j += 3) data.set(rgba.subarray(i, i + 3), j);
          yield { data, width, height, timestamp: video.frames++ / fps };
        }
      }
      video.duration = duration;
    },
  };
  return video;
}
