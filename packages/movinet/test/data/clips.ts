/** Clips that are made on the spot. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Dataset, Sample } from "../../src/data/dataset.ts";

export interface ClipSketch {
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly seconds?: number;
  /** Luma 16..235 at a place in 0..1 of the picture, at a time in seconds. */
  readonly luma: (x: number, y: number, time: number) => number;
}

/** Writes an uncompressed video, and its folder where there is none. */
export async function writeClip(file: string, sketch: ClipSketch): Promise<string> {
  const { width = 64, height = 48, fps = 10, seconds = 2, luma } = sketch;
  const parts = [Buffer.from(`YUV4MPEG2 W${width} H${height} F${fps}:1 C420\n`)];
  for (let frame = 0; frame < Math.round(seconds * fps); frame++) {
    const picture = Buffer.alloc((width * height * 3) / 2, 128);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) picture[y * width + x] = luma(x / width, y / height, frame / fps);
    }
    parts.push(Buffer.from("FRAME\n"), picture);
  }
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, Buffer.concat(parts));
  return file;
}

/** A bright spot that goes round, over a slope; each `take` by another way. */
export function movingSpot(take: number): ClipSketch["luma"] {
  return (x, y, time) => {
    const angle = time * (1.5 + take) + take;
    const distance = Math.hypot(x - 0.5 - 0.3 * Math.cos(angle), y - 0.5 - 0.3 * Math.sin(angle * (1 + (take % 3))));
    return Math.round(60 + 60 * x + 80 * Math.exp(-((distance / 0.15) ** 2)));
  };
}

export function sampleOf(file: string, facts: Partial<Sample> = {}): Sample {
  return { file, name: file, classes: [0], split: null, group: null, start: null, end: null, ...facts };
}

export function datasetOf(samples: readonly Sample[], labels: readonly string[] = ["a", "b"]): Dataset {
  return { path: "set", labels, samples, multiLabel: false, findings: [], warnings: [] };
}
