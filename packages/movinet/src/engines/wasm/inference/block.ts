/** Tensors of sessions: blocks of a store, which are used again. */
import type { Shape } from "../../../graph/ir.ts";
import type { DeviceTensor } from "../../engine.ts";
import { padded, pictureBytes } from "./calls.ts";
import type { Store } from "./store.ts";

/** What a block holds: pictures of a shape, as planes or with channels last and filled up to a multiple of 4. */
export interface Layout {
  readonly shape: Shape;
  readonly planar: boolean;
}

export class Block implements DeviceTensor {
  /** Bytes from the start of the memory. */
  readonly at: number;
  readonly bytes: number;
  layout: Layout;
  readonly #store: Store;
  readonly #free: Block[];

  constructor(store: Store, free: Block[], bytes: number, layout: Layout) {
    this.at = store.take(bytes);
    this.bytes = bytes;
    this.layout = layout;
    this.#store = store;
    this.#free = free;
  }

  /** Takes planes `[C, H, W]` of pictures. */
  write(data: Float32Array): void {
    if (this.layout.planar) {
      this.#store.floats.set(data, this.at / 4);
      return;
    }
    const { channels, height, width } = this.layout.shape;
    const pixels = height * width;
    const picture = channels * pixels;
    for (let from = 0, to = this.at; from < data.length; from += picture, to += pictureBytes(this.layout.shape)) {
      this.#store.putPlanes(data.subarray(from, from + picture), to, channels, pixels);
    }
  }

  async read(): Promise<Float32Array> {
    const { floats } = this.#store;
    const start = this.at / 4;
    const end = start + this.bytes / 4;
    if (this.layout.planar) return floats.slice(start, end);
    const { channels, height, width } = this.layout.shape;
    const [cell, pixels] = [padded(channels), height * width];
    if (cell === channels && pixels === 1) return floats.slice(start, end);
    const data = new Float32Array((this.bytes / 4 / cell) * channels);
    let to = 0;
    for (let picture = start; picture < end; picture += pixels * cell) {
      for (let c = 0; c < channels; c++) {
        for (let p = 0; p < pixels; p++) data[to++] = floats[picture + p * cell + c] as number;
      }
    }
    return data;
  }

  dispose(): void {
    this.#free.push(this);
  }
}

/** The blocks of a store by their size; those that nobody holds are kept for the next, until the store runs short. */
export class Blocks {
  readonly #store: Store;
  readonly #free = new Map<number, Block[]>();

  constructor(store: Store) {
    this.#store = store;
    store.giveUpIdle = () => {
      for (const idle of this.#free.values()) {
        for (const { at, bytes } of idle) store.free(at, bytes);
        idle.length = 0;
      }
    };
  }

  take(bytes: number, layout: Layout): Block {
    let free = this.#free.get(bytes);
    if (!free) {
      free = [];
      this.#free.set(bytes, free);
    }
    const block = free.pop() ?? new Block(this.#store, free, bytes, layout);
    block.layout = layout;
    return block;
  }

  /** One block for each layout, or, where they do not fit, none. */
  takeAll(layouts: readonly Layout[], bytesOf: (layout: Layout) => number): readonly Block[] {
    const taken: Block[] = [];
    try {
      for (const layout of layouts) taken.push(this.take(bytesOf(layout), layout));
    } catch (error) {
      for (const block of taken) block.dispose();
      throw error;
    }
    return taken;
  }
}
