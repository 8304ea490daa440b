/** Channels in blocks of the machine's vector width: `[C / block, streams, H · W, block]`, the last block padded with zeros. */
import type { Shape } from "../../../graph/ir.ts";

/** Channels rounded up to whole blocks. */
export function paddedChannels(channels: number, block: number): number {
  return Math.ceil(channels / block) * block;
}

type MapShape = Pick<Shape, "channels" | "height" | "width">;

/** `[streams, C, H · W]` → blocks. */
export function toBlocks(data: Float32Array, shape: MapShape, block: number, streams = 1): Float32Array {
  const blocked = new Float32Array(streams * paddedChannels(shape.channels, block) * shape.height * shape.width);
  eachRun(shape, block, streams, (from, to, pixels) => {
    for (let p = 0; p < pixels; p++) blocked[to + p * block] = data[from + p] as number;
  });
  return blocked;
}

/** The inverse of {@link toBlocks}. */
export function fromBlocks(blocked: Float32Array, shape: MapShape, block: number, streams = 1): Float32Array {
  const data = new Float32Array(streams * shape.channels * shape.height * shape.width);
  eachRun(shape, block, streams, (to, from, pixels) => {
    for (let p = 0; p < pixels; p++) data[to + p] = blocked[from + p * block] as number;
  });
  return data;
}

/** Where the pixels of each channel of each stream begin: side by side in planes, a block apart in blocks. */
function eachRun(
  { channels, height, width }: MapShape,
  block: number,
  streams: number,
  visit: (plain: number, blocked: number, pixels: number) => void,
): void {
  const pixels = height * width;
  for (let stream = 0; stream < streams; stream++) {
    for (let c = 0; c < channels; c++) {
      const begin = (Math.floor(c / block) * streams + stream) * pixels * block + (c % block);
      visit((stream * channels + c) * pixels, begin, pixels);
    }
  }
}

/** Each run of `length` numbers as often as there are streams. */
export function repeatRuns(data: Float32Array, length: number, streams: number): Float32Array {
  if (streams === 1) return data;
  const repeated = new Float32Array(data.length * streams);
  for (let begin = 0; begin < data.length; begin += length) {
    const run = data.subarray(begin, begin + length);
    for (let stream = 0; stream < streams; stream++) repeated.set(run, begin * streams + stream * length);
  }
  return repeated;
}

/**
 * A dense kernel `[window, in, filters]` → `[filters / block, in / inner, window, inner, block]`, taken times `factor`. `places`
 * says where each input channel stands among `inputs`, which are padded; `inner` is the block, or 1 for a plain input.
 */
export function blockedKernel(
  kernel: Float32Array,
  { window, filters, places, inputs }: { window: number; filters: number; places: readonly number[]; inputs: number },
  { block, inner, factor }: { block: number; inner: number; factor: number },
): Float32Array {
  const data = new Float32Array(paddedChannels(filters, block) * inputs * window);
  const step = inputs * window * block;
  for (let k = 0; k < window; k++) {
    for (const [c, place] of places.entries()) {
      const row = (k * places.length + c) * filters;
      const column = ((Math.floor(place / inner) * window + k) * inner + (place % inner)) * block;
      for (let begin = 0, at = column; begin < filters; begin += block, at += step) {
        const end = Math.min(block, filters - begin);
        for (let f = 0; f < end; f++) data[at + f] = (kernel[row + begin + f] as number) * factor;
      }
    }
  }
  return data;
}

/** Where each channel stands among runs that are padded to whole blocks. */
export function placesOf(runs: readonly number[], block: number): number[] {
  let begin = 0;
  return runs.flatMap((run) => {
    const places = Array.from({ length: run }, (_, c) => begin + c);
    begin += paddedChannels(run, block);
    return places;
  });
}
