/** Reads videos of numbered pictures, whole and in stretches. */
import { expect } from "vitest";
import type { Decoders, Video, VideoOptions } from "../../src/video/video.node.ts";
import { numberOf } from "./make-video.ts";

export interface Seen {
  readonly numbers: readonly number[];
  readonly pixels: readonly Uint8Array[];
  readonly video: Video;
}

export async function see(decoders: Decoders, file: string, options: Partial<VideoOptions> = {}): Promise<Seen> {
  const video = decoders.openVideo(file, { fps: 5, threads: 1, ...options });
  const numbers: number[] = [];
  const pixels: Uint8Array[] = [];
  for await (const frame of video) {
    numbers.push(numberOf(frame));
    pixels.push(frame.data);
  }
  return { numbers, pixels, video };
}

/** Instants of a whole video that is read to be cut: fine enough for stretches that begin at a multiple of 0.02 s. */
const fine = 50;

/** Holds the law: the frames of a stretch are those of the whole video cut to it. Returns what was seen of each. */
export async function expectLaw(
  decoders: Decoders,
  file: string,
  stretches: readonly (readonly [number, number])[],
): Promise<readonly Seen[]> {
  const whole = await see(decoders, file, { fps: fine });
  const all: Seen[] = [];
  for (const [start, end] of stretches) {
    const part = await see(decoders, file, { start, end });
    const instants = Array.from({ length: Math.ceil((end - start) * 5 - 1e-6) }, (_, k) => start + k / 5);
    const cut = instants.map((instant) => Math.round(instant * fine)).filter((k) => k < whole.numbers.length);
    expect(part.numbers, `${start}..${end} s`).toEqual(cut.map((k) => whole.numbers[k]));
    for (const [k, data] of part.pixels.entries()) {
      expect(Buffer.compare(data, whole.pixels[cut[k]!]!), `pixels at ${instants[k]} s`).toBe(0);
    }
    all.push(part);
  }
  return all;
}
