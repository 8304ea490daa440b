import type { Pose } from "./camera.ts";
import type { Texture } from "./texture.ts";

/** A picture of packed pixels as in {@link Texture}, opaque. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Int32Array;
}

/** Draws a camera's view of a texture over the picture. `blur` ≥ 0 uses coarser copies: 1 halves the detail. */
export function drawTexture(picture: Picture, texture: Texture, pose: Pose, blur: number): void {
  const perPixel = texture.size * Math.sqrt((pose.width / picture.width) * (pose.height / picture.height));
  const level = Math.min(texture.levels.length - 1.001, Math.max(0, Math.log2(perPixel)) + blur);
  const fine = Math.floor(level);
  const share = Math.round((level - fine) * 256);
  const single = share < 8 ? fine : share > 248 ? fine + 1 : null;
  const { width, height, pixels } = picture;
  const near = texture.levels[single ?? fine]!;
  const far = texture.levels[fine + 1]!;
  const nearSize = Math.round(Math.sqrt(near.length));
  const farSize = Math.round(Math.sqrt(far.length));
  const cos = Math.cos(pose.angle);
  const sin = Math.sin(pose.angle);
  const stepU = (pose.width / width) * cos;
  const stepV = (pose.width / width) * sin;
  const left = (0.5 / width - 0.5) * pose.width;
  for (let y = 0; y < height; y++) {
    const down = ((y + 0.5) / height - 0.5) * pose.height;
    let u = pose.u + left * cos - down * sin;
    let v = pose.v + left * sin + down * cos;
    u -= Math.floor(u);
    v -= Math.floor(v);
    for (let at = y * width; at < (y + 1) * width; at++) {
      let color = sample(near, nearSize, u, v);
      if (single === null) color = mix(color, sample(far, farSize, u, v), share);
      const alpha = color >>> 24;
      pixels[at] = alpha === 255 ? color : over(color, alpha, pixels[at]!);
      u += stepU;
      v += stepV;
      if (u >= 1) u -= 1;
      else if (u < 0) u += 1;
      if (v >= 1) v -= 1;
      else if (v < 0) v += 1;
    }
  }
}

/** Position of a thing in the picture: centre and size in pixels. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Radians, clockwise. */
  readonly angle: number;
}

/** Draws a whole texture, whose border is transparent, at a spot. */
export function drawThing(picture: Picture, texture: Texture, spot: Spot, blur: number): void {
  const reach = Math.hypot(spot.width, spot.height) / 2;
  const perPixel = texture.size / Math.sqrt(spot.width * spot.height);
  const level = Math.round(Math.min(texture.levels.length - 1, Math.max(0, Math.log2(perPixel) + blur)));
  const pixels = texture.levels[level]!;
  const size = texture.size / 2 ** level;
  const cos = Math.cos(spot.angle);
  const sin = Math.sin(spot.angle);
  const [left, right] = [
    Math.max(0, Math.floor(spot.x - reach)),
    Math.min(picture.width - 1, Math.ceil(spot.x + reach)),
  ];
  const [top, bottom] = [
    Math.max(0, Math.floor(spot.y - reach)),
    Math.min(picture.height - 1, Math.ceil(spot.y + reach)),
  ];
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const dx = x + 0.5 - spot.x;
      const dy = y + 0.5 - spot.y;
      const u = (dx * cos + dy * sin) / spot.width + 0.5;
      const v = (dy * cos - dx * sin) / spot.height + 0.5;
      if (u <= 0 || v <= 0 || u >= 1 || v >= 1) continue;
      const color = sample(pixels, size, u, v);
      const alpha = color >>> 24;
      if (alpha === 0) continue;
      const at = y * picture.width + x;
      picture.pixels[at] = over(color, alpha, picture.pixels[at]!);
    }
  }
}

/** A premultiplied colour over another. */
export function over(color: number, alpha: number, under: number): number {
  const keep = 256 - alpha - (alpha >> 7);
  const even = (Math.imul(under & 0xff00ff, keep) >>> 8) & 0xff00ff;
  const odd = (Math.imul((under >>> 8) & 0xff00ff, keep) >>> 8) & 0xff00ff;
  return color + (even | (odd << 8));
}

/** `share` / 256 of b, the rest of a. */
function mix(a: number, b: number, share: number): number {
  const rest = 256 - share;
  const even = ((Math.imul(a & 0xff00ff, rest) + Math.imul(b & 0xff00ff, share)) | 0) >>> 8;
  const odd = ((Math.imul((a >>> 8) & 0xff00ff, rest) + Math.imul((b >>> 8) & 0xff00ff, share)) | 0) >>> 8;
  return (even & 0xff00ff) | ((odd & 0xff00ff) << 8);
}

/** Bilinear, in 1/256 of a pixel, at (u, v) in 0..1; wraps around. */
function sample(level: Int32Array, size: number, u: number, v: number): number {
  let x = (u * size * 256 - 128) | 0;
  let y = (v * size * 256 - 128) | 0;
  if (x < 0) x += size << 8;
  if (y < 0) y += size << 8;
  const x0 = Math.min(x >> 8, size - 1);
  const y0 = Math.min(y >> 8, size - 1);
  const x1 = x0 === size - 1 ? 0 : x0 + 1;
  const top = y0 * size;
  const bottom = y0 === size - 1 ? 0 : top + size;
  const both = ((x & 255) * (y & 255)) >> 8;
  const right = (x & 255) - both;
  const low = (y & 255) - both;
  const rest = 256 - right - low - both;
  const a = level[top + x0]!;
  const b = level[top + x1]!;
  const c = level[bottom + x0]!;
  const d = level[bottom + x1]!;
  const even =
    Math.imul(a & 0xff00ff, rest) +
    Math.imul(b & 0xff00ff, right) +
    Math.imul(c & 0xff00ff, low) +
    Math.imul(d & 0xff00ff, both);
  const odd =
    Math.imul((a >>> 8) & 0xff00ff, rest) +
    Math.imul((b >>> 8) & 0xff00ff, right) +
    Math.imul((c >>> 8) & 0xff00ff, low) +
    Math.imul((d >>> 8) & 0xff00ff, both);
  return ((even >>> 8) & 0xff00ff) | (odd & 0xff00ff00);
}
