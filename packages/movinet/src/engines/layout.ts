import type { Shape } from "../graph/ir.ts";
import { reversed } from "../graph/tensor.ts";

type Plane = Pick<Shape, "channels" | "height" | "width">;

/** Planes `[C, H, W]` of consecutive frames → `[1, frames, H, W, C]`, into `data` if given. */
export function channelsLast(
  planes: readonly Float32Array[],
  { channels, height, width }: Plane,
  data: Float32Array = new Float32Array(planes.length * channels * height * width),
): Float32Array {
  const pixels = height * width;
  for (const [frame, plane] of planes.entries()) {
    for (let c = 0; c < channels; c++) {
      const channel = plane.subarray(c * pixels, (c + 1) * pixels);
      let at = frame * pixels * channels + c;
      for (let p = 0; p < pixels; p++) {
        data[at] = channel[p] as number;
        at += channels;
      }
    }
  }
  return data;
}

/** `[1, frames, H, W, C]` → planes `[C, H, W]` of consecutive frames. */
export function channelsFirst(data: Float32Array, { channels, height, width }: Plane): readonly Float32Array[] {
  const size = channels * height * width;
  return Array.from({ length: data.length / size }, (_, frame) =>
    reversed(data.subarray(frame * size, (frame + 1) * size), [height * width, 1, channels]),
  );
}
