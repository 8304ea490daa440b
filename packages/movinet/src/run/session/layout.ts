import type { Shape } from "../../model/graph/ir.ts";

type Plane = Pick<Shape, "channels" | "height" | "width">;

/** Planes `[C, H, W]` of consecutive frames → `[1, frames, H, W, C]`. */
export function channelsLast(planes: readonly Float32Array[], { channels, height, width }: Plane): Float32Array {
  const pixels = height * width;
  const data = new Float32Array(planes.length * channels * pixels);
  for (const [frame, plane] of planes.entries()) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) data[(frame * pixels + p) * channels + c] = plane[c * pixels + p] as number;
    }
  }
  return data;
}

/** `[1, frames, H, W, C]` → planes `[C, H, W]` of consecutive frames. */
export function channelsFirst(data: Float32Array, { channels, height, width }: Plane): readonly Float32Array[] {
  const pixels = height * width;
  return Array.from({ length: data.length / (channels * pixels) }, (_, frame) =>
    Float32Array.from(
      { length: channels * pixels },
      (_, i) => data[(frame * pixels + (i % pixels)) * channels + Math.floor(i / pixels)] as number,
    ),
  );
}
