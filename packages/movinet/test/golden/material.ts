/** Weights and frames that anyone can regenerate from names by integer hashing: the rule of the golden figures. */
import { createHash } from "node:crypto";
import type { Tensor, Weights } from "../../src/graph/tensor.ts";

type Parameters = Readonly<Record<string, { readonly shape: readonly number[] }>>;

function fnv1a(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The uniform sequence of a name: its element `i`, in 0..1. */
export function uniformOf(name: string): (i: number) => number {
  const hash = fnv1a(name);
  return (i) => uniform(hash, i);
}

function uniform(hash: number, i: number): number {
  let x = (hash + Math.imul(i, 0x9e3779b9)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0;
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35) >>> 0;
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

function valueRule(name: string, shape: readonly number[]): (u: number) => number {
  switch (name.slice(name.lastIndexOf(".") + 1)) {
    case "kernel": {
      const fan = shape.slice(0, /depthwise|temporal/.test(name) ? -2 : -1).reduce((a, b) => a * b, 1);
      return (u) => (2 * u - 1) * Math.sqrt(4 / fan);
    }
    case "bias":
      return (u) => 0.2 * (u - 0.5);
    case "beta":
    case "mean":
      return (u) => 0.4 * (u - 0.5);
    case "gamma":
    case "variance":
      return (u) => 0.5 + u;
    case "rezero":
      return (u) => 0.25 + 0.25 * u;
    case "posenc":
      return (u) => 0.2 + 0.4 * u;
    default:
      throw new Error(`no rule for ${name}`);
  }
}

export function hashedWeights(params: Parameters): Weights {
  return new Map(
    Object.entries(params).map(([name, { shape }]): [string, Tensor] => {
      const size = shape.reduce((a, b) => a * b, 1);
      const hash = fnv1a(name);
      const rule = valueRule(name, shape);
      return [name, { shape, data: Float32Array.from({ length: size }, (_, i) => rule(uniform(hash, i))) }];
    }),
  );
}

/** SHA-256 over the little-endian bytes of all tensors in the sorted order of their names. */
export function weightsSha256(weights: Weights): string {
  const hash = createHash("sha256");
  for (const name of [...weights.keys()].sort()) {
    const { buffer, byteOffset, byteLength } = (weights.get(name) as Tensor).data;
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}

/** Frames as planar images `[T, 3, H, W]`; `clip` is part of the names that they are made from. */
export function hashedFrames(frames: number, height: number, width: number, clip = ""): Float32Array {
  const fine = fnv1a(`image${clip}`);
  const coarse = fnv1a(`blocks${clip}`);
  const rows = Math.ceil(height / 16);
  const columns = Math.ceil(width / 16);
  const data = new Float32Array(frames * 3 * height * width);
  let at = 0;
  for (let t = 0; t < frames; t++) {
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const block = ((t * rows + (y >> 4)) * columns + (x >> 4)) * 3 + c;
          data[at++] = uniform(fine, ((t * height + y) * width + x) * 3 + c) * uniform(coarse, block);
        }
      }
    }
  }
  return data;
}
