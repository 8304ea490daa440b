import type { InputSize } from "../model/card.ts";
import { isOutside, type Plan, planFor, type Reading } from "./fit-plan.ts";
import { type Convert, converterFor } from "./plane-colours.ts";
import { kernels as module } from "./scale-kernels.ts";
import type { Plane, StoredPicture } from "./stored-picture.ts";

/** The kernels; arguments are byte offsets and counts (`packages/movinet/kernels/scale`). */
interface Kernels {
  addRows(sums: number, width: number, data: number, stride: number, shares: number, count: number): void;
  addSamples(
    sums: number,
    width: number,
    data: number,
    stride: number,
    step: number,
    isWide: boolean,
    shares: number,
    count: number,
  ): void;
  narrow(line: number, width: number, tall: number, firsts: number, starts: number, shares: number): void;
}

/** Where a plane's taps and its scaled row are in memory. */
interface Places {
  readonly reading: Reading;
  readonly rowShares: number;
  readonly firsts: number;
  readonly starts: number;
  readonly shares: number;
  readonly line: number;
}

/** A plan, and its places in memory; `tall` is where the rows of a plane are added. */
interface Placed {
  readonly plan: Plan;
  readonly planes: readonly [Places, Places, Places];
  readonly tall: number;
  readonly isColumnOutside: readonly boolean[];
}

/** Where the memory begins that the kernels do not use themselves. */
const begin = 1024;
const pageBytes = 65536;
/** Samples that the kernels touch after a row. */
const beyond = 8;

/**
 * Scales decoded pictures as FFmpeg's scaler does in the decoding process: each plane by a triangle filter, in WebAssembly, then to RGB.
 * Turns, crops or pads them around the centre.
 */
export class PlaneFitter {
  readonly #size: InputSize;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  /** Bytes for samples, from the beginning on; what follows is for plans. */
  #capacity = 0;
  #shape = "";
  #placed: Placed | null = null;
  #colours = "";
  #convert: Convert | null = null;

  private constructor(size: InputSize, memory: WebAssembly.Memory, kernels: Kernels) {
    this.#size = size;
    this.#memory = memory;
    this.#kernels = kernels;
  }

  static async open(size: InputSize): Promise<PlaneFitter> {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
    const compiled = await WebAssembly.compile(Uint8Array.from(atob(module), (character) => character.charCodeAt(0)));
    const instance = new WebAssembly.Instance(compiled, { env: { memory } });
    return new PlaneFitter(size, memory, instance.exports as unknown as Kernels);
  }

  /** Memory for the samples of a picture, until the next call: those that are there need not be copied. */
  reserve(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes > this.#capacity) {
      this.#capacity = bytes;
      this.#shape = "";
      this.#grow(begin + bytes + beyond);
    }
    return new Uint8Array(this.#memory.buffer, begin, bytes);
  }

  /** RGB rows without padding. */
  fit(picture: StoredPicture): Uint8Array {
    const addresses = this.#addressesOf(picture.planes);
    const { plan, planes, tall, isColumnOutside } = this.#place(picture);
    const { width, height, begin: first, column, row } = plan;
    const convert = this.#converterFor(picture, width);
    const lines = planes.map(({ line }) => new Float32Array(this.#memory.buffer, line, width));
    const [one, two, three] = lines as [Float32Array, Float32Array, Float32Array];
    const data = new Uint8Array(3 * this.#size.width * this.#size.height); // black outside the picture
    const rgb = new Uint8Array(3 * width);
    for (let y = 0; y < height; y++) {
      if (isOutside(planes[0].reading.rows, y)) continue;
      for (const [i, places] of planes.entries()) {
        this.#scaleRow(y, picture.planes[i] as Plane, addresses[i] as number, places, tall, width);
      }
      convert(one, two, three, rgb);
      for (let x = 0; x < width; x++) {
        if (isColumnOutside[x]) continue;
        const to = 3 * (first + x * column + y * row);
        data[to] = rgb[3 * x] as number;
        data[to + 1] = rgb[3 * x + 1] as number;
        data[to + 2] = rgb[3 * x + 2] as number;
      }
    }
    return data;
  }

  #scaleRow(y: number, plane: Plane, address: number, places: Places, tall: number, width: number): void {
    const { reading, rowShares, firsts, starts, shares, line } = places;
    const { rows } = reading;
    const bytes = plane.data.BYTES_PER_ELEMENT;
    const start = rows.starts[y] as number;
    const count = (rows.starts[y + 1] as number) - start;
    const stride = plane.stride * bytes;
    const step = plane.step * bytes;
    const from = address + reading.offset * bytes + (rows.firsts[y] as number) * stride;
    const weights = rowShares + 4 * start;
    if (step === 1) this.#kernels.addRows(tall, reading.width, from, stride, weights, count);
    else this.#kernels.addSamples(tall, reading.width, from, stride, step, bytes === 2, weights, count);
    this.#kernels.narrow(line, width, tall, firsts, starts, shares);
  }

  /** Where the samples of the planes are; they are copied if they are elsewhere. */
  #addressesOf(planes: StoredPicture["planes"]): readonly number[] {
    if (planes[0].data.buffer === this.#memory.buffer) return planes.map(({ data }) => data.byteOffset);
    const arrays = [...new Set(planes.map(({ data }) => data))];
    const memory = this.reserve(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
    const addresses = new Map<Plane["data"], number>();
    let at = 0;
    for (const data of arrays) {
      memory.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
      addresses.set(data, begin + at);
      at += data.byteLength;
    }
    return planes.map(({ data }) => addresses.get(data) as number);
  }

  #place(picture: StoredPicture): Placed {
    const { width, height, planes, leftChroma, pixelAspect, orientation } = picture;
    const sizes = planes.map((plane) => `${plane.width} ${plane.height} ${plane.stride} ${plane.step} ${plane.offset}`);
    const shape = [width, height, ...sizes, leftChroma, pixelAspect, ...Object.values(orientation)].join();
    if (this.#placed !== null && shape === this.#shape) return this.#placed;
    this.#shape = shape;
    const plan = planFor(picture, this.#size);
    let end = begin + this.#capacity + beyond;
    const take = (values: number) => {
      const at = Math.ceil(end / 16) * 16;
      end = at + 4 * values;
      return at;
    };
    const placed = plan.readings.map((reading) => ({
      reading,
      rowShares: take(reading.rows.shares.length),
      firsts: take(plan.width),
      starts: take(plan.width + 1),
      shares: take(reading.columns.shares.length),
      line: take(plan.width),
    })) as [Places, Places, Places];
    const tall = take(Math.max(...plan.readings.map((reading) => reading.width)) + beyond);
    this.#grow(end);
    const { buffer } = this.#memory;
    for (const { reading, rowShares, firsts, starts, shares } of placed) {
      new Float32Array(buffer, rowShares).set(reading.rows.shares);
      new Int32Array(buffer, firsts).set(reading.columns.firsts);
      new Int32Array(buffer, starts).set(reading.columns.starts);
      new Float32Array(buffer, shares).set(reading.columns.shares);
    }
    const { columns } = plan.readings[0];
    const isColumnOutside = Array.from({ length: plan.width }, (_, x) => isOutside(columns, x));
    this.#placed = { plan, planes: placed, tall, isColumnOutside };
    return this.#placed;
  }

  #converterFor({ colours }: StoredPicture, width: number): Convert {
    const kind = [...Object.values(colours).map((value) => JSON.stringify(value)), width].join();
    if (this.#convert === null || kind !== this.#colours) this.#convert = converterFor(colours, width);
    this.#colours = kind;
    return this.#convert;
  }

  #grow(bytes: number): void {
    const missing = Math.ceil((bytes - this.#memory.buffer.byteLength) / pageBytes);
    if (missing > 0) this.#memory.grow(missing);
  }
}
