import type { Clip } from "../data/clip.ts";
import { shrinkPicture } from "../plot/picture.ts";
import type { Picture } from "../plot/plot-data.ts";

/** Keeps a few small pictures, evenly spread over a clip whose length nobody knows yet. */
export class Keepsakes {
  readonly #count: number;
  readonly #size: number;
  readonly #kept: Picture[] = [];
  #stride = 1;
  #seen = 0;

  /** `count` pictures (0 keeps none) whose longer side is at most `size` pixels. */
  constructor(count: number, size = 112) {
    this.#count = count;
    this.#size = size;
  }

  /** Copies a small version where the picture is wanted. */
  add(picture: Picture): void {
    if (this.#count === 0 || this.#seen++ % this.#stride !== 0) return;
    const factor = Math.min(1, this.#size / Math.max(picture.width, picture.height));
    this.#kept.push(shrinkPicture(picture, Math.ceil(picture.width * factor), Math.ceil(picture.height * factor)));
    if (this.#kept.length < 4 * this.#count) return;
    this.#stride *= 2;
    for (let i = this.#kept.length - 1; i > 0; i -= 2) this.#kept.splice(i, 1);
  }

  /** At most `count`, in order of time; the middles of as many equal stretches. */
  take(): readonly Picture[] {
    const count = Math.min(this.#count, this.#kept.length);
    return Array.from({ length: count }, (_, i) => {
      return this.#kept[Math.floor(((i + 0.5) * this.#kept.length) / count)] as Picture;
    });
  }
}

/** Small pictures of a clip, evenly spread over it. */
export function keepPictures({ data, frames, width, height }: Clip, count: number): readonly Picture[] {
  const kept = new Keepsakes(count);
  const size = width * height * 3;
  for (let t = 0; t < frames; t++) kept.add({ data: data.subarray(t * size, (t + 1) * size), width, height });
  return kept.take();
}
