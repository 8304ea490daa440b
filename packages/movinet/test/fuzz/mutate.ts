/** Seeded damage to bytes and to JSON: the same seed always does the same. */

export type Draw = (limit: number) => number;

/** A generator of whole numbers below `limit` (mulberry32). */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

export function pick<T>(draw: Draw, items: readonly T[]): T {
  return items[draw(items.length)] as T;
}

const numbers32 = [0, 1, 4, 255, 256, 65_535, 65_536, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff];

/** A place in the file: most often near its beginning or its end, where the structure of most formats stands. */
function place(draw: Draw, length: number): number {
  const near = Math.min(length, 2 ** (4 + draw(14)));
  return Math.min(length - 1, draw(3) === 0 ? draw(length) : draw(2) === 0 ? draw(near) : length - 1 - draw(near));
}

/** One to eight wounds to a copy of the bytes. */
export function damage(original: Uint8Array, draw: Draw): Uint8Array {
  let bytes: Uint8Array = original.slice();
  for (let wounds = 1 + draw(8); wounds > 0 && bytes.length > 0; wounds--) {
    const at = place(draw, bytes.length);
    const size = Math.min(bytes.length - at, 1 + draw(2 ** (1 + draw(12))));
    switch (draw(9)) {
      case 0:
      case 1:
        bytes[at] = (bytes[at] as number) ^ (1 << draw(8));
        break;
      case 2:
        bytes[at] = draw(256);
        break;
      case 3:
      case 4:
        if (at + 4 <= bytes.length) {
          const value = draw(4) === 0 ? bytes.length + draw(9) - 4 : pick(draw, numbers32);
          new DataView(bytes.buffer).setUint32(at, value, draw(2) === 0);
        }
        break;
      case 5:
        bytes = bytes.slice(0, at);
        break;
      case 6:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + size));
        break;
      case 7:
        bytes = joined(bytes.subarray(0, at + size), bytes.subarray(at, at + size), bytes.subarray(at + size));
        break;
      default:
        bytes.fill(draw(2) === 0 ? 0 : 255, at, at + size);
    }
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const strange: readonly unknown[] = [
  null,
  true,
  "",
  "x".repeat(300),
  [],
  {},
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  1e308,
  "__proto__",
  [[[[[[[[[]]]]]]]]],
];

/** JSON with one to four of its values replaced, removed or repeated. */
export function damageJson(json: string, draw: Draw): string {
  const root: unknown = JSON.parse(json);
  for (let wounds = 1 + draw(4); wounds > 0; wounds--) {
    let parent = root as Record<string, unknown>;
    for (let depth = draw(6); depth > 0; depth--) {
      const children = Object.values(parent).filter((child) => typeof child === "object" && child !== null);
      if (children.length === 0) break;
      parent = pick(draw, children) as Record<string, unknown>;
    }
    const keys = Object.keys(parent);
    if (keys.length === 0) continue;
    const key = pick(draw, keys);
    if (draw(4) === 0) delete parent[key];
    else if (draw(6) === 0) parent[`${key}2`] = parent[key];
    else parent[key] = pick(draw, strange);
  }
  return JSON.stringify(root);
}
