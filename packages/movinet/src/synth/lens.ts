import { type Random, randomOf } from "../common/random.ts";
import type { Picture } from "./draw.ts";
import { normals, normalsFrom } from "./field.ts";

/** Effects of lens, light and sensor on a scene, independent of the camera's motion. */
export interface Lens {
  /** Defocus, in halvings of detail, at a time in seconds. */
  defocus(time: number): number;
  /** Turns the drawn scene into RGB bytes, `[height, width, 3]`, in `out`. */
  expose(picture: Picture, time: number, out: Uint8Array): void;
}

/** Exposure metering of a picture: mean and deviation of its green, in 0..255. */
export interface Exposure {
  readonly mean: number;
  readonly deviation: number;
}

export function meter({ pixels }: Picture): Exposure {
  let [sum, squares] = [0, 0] as [number, number];
  for (const pixel of pixels) {
    const green = (pixel >>> 8) & 255;
    sum += green;
    squares += green * green;
  }
  const mean = sum / pixels.length;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / pixels.length - mean * mean)) };
}

/**
 * Draws a lens. Its motion blur has an independent direction (along a line, a circle or rays, and none for most), so
 * that blur never reveals the camera's motion. The exposure suits the `metered` picture.
 */
export function planLens(seed: number | string, width: number, height: number, metered: Exposure): Lens {
  const random = randomOf(seed, "lens");
  const smear = random.chance(0.45) ? drawSmear(random, width, height) : null;
  const smearing = drawBeat(random, 0.5);
  const focus = random.chance(0.5) ? random.between(0, 0.4) : random.between(0.3, 1.6);
  const breath = random.chance(0.25) ? random.between(0.1, 0.6) : 0;
  const breathing = drawBeat(random, 1);
  const vignette = random.chance(0.5) ? random.between(0.1, 0.7) : 0;
  const light = drawLight(random);
  const tables = drawTables(random, metered);
  const grain = drawGrain(random, width, height);
  const gains = new Float32Array(width * height);
  const noise = new Float32Array(width * height * 3);

  return {
    defocus: (time) => Math.max(0, focus + breath * breathing(time)),
    expose(picture, time, out) {
      const pixels = smear && smearing(time) > -0.3 ? smear(picture.pixels) : picture.pixels;
      fillGains(gains, width, height, vignette, light(time));
      grain(noise);
      const [red, green, blue] = tables;
      const shown = new Uint8ClampedArray(out.buffer, out.byteOffset, out.length);
      for (let i = 0; i < gains.length; i++) {
        const pixel = pixels[i]!;
        const gain = 2 * gains[i]!;
        const r = ((pixel & 255) * gain) | 0;
        const g = (((pixel >>> 8) & 255) * gain) | 0;
        const b = (((pixel >>> 16) & 255) * gain) | 0;
        shown[3 * i] = red[r > 767 ? 767 : r]! + noise[3 * i]!;
        shown[3 * i + 1] = green[g > 767 ? 767 : g]! + noise[3 * i + 1]!;
        shown[3 * i + 2] = blue[b > 767 ? 767 : b]! + noise[3 * i + 2]!;
      }
    },
  };
}

/** A wave in −1..1 with a pause in it, or constantly 0. */
function drawBeat(random: Random, chance: number): (time: number) => number {
  if (!random.chance(chance)) return () => 0;
  const turns = 2 * Math.PI * random.between(0.15, 1.2);
  const phase = 2 * Math.PI * random.next();
  return (time) => Math.sin(turns * time + phase);
}

/** Averages each pixel with others along a line, a circle around a centre, or rays from it. */
function drawSmear(random: Random, width: number, height: number): (pixels: Int32Array) => Int32Array {
  const kind = random.pick(["line", "line", "circle", "rays"] as const);
  const taps = 4;
  const length = (width / 96) * random.between(0.8, 6);
  const angle = random.between(0, Math.PI);
  const centerX = width * random.between(0.3, 0.7);
  const centerY = height * random.between(0.3, 0.7);
  const from = new Int32Array(width * height * taps);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dx = (x - centerX) / (0.4 * width);
      const dy = (y - centerY) / (0.4 * width);
      const way = kind === "line" ? [Math.cos(angle), Math.sin(angle)] : kind === "circle" ? [-dy, dx] : [dx, dy];
      for (let tap = 0; tap < taps; tap++) {
        const along = length * ((tap + 0.5) / taps - 0.5);
        const tx = Math.max(0, Math.min(width - 1, Math.round(x + along * way[0]!)));
        const ty = Math.max(0, Math.min(height - 1, Math.round(y + along * way[1]!)));
        from[(y * width + x) * taps + tap] = ty * width + tx;
      }
    }
  }
  const smeared = new Int32Array(width * height);
  return (pixels) => {
    for (let i = 0; i < smeared.length; i++) {
      let even = 0x20002;
      let odd = 0x20002;
      for (let tap = i * taps; tap < (i + 1) * taps; tap++) {
        const pixel = pixels[from[tap]!]!;
        even += pixel & 0xff00ff;
        odd += (pixel >>> 8) & 0xff00ff;
      }
      smeared[i] = ((even >>> 2) & 0xff00ff) | (((odd >>> 2) & 0xff00ff) << 8);
    }
    return smeared;
  };
}

/** Light at a moment: its strength, and its gradient across the picture. */
interface Light {
  readonly level: number;
  readonly slopeX: number;
  readonly slopeY: number;
}

/** Light that drifts, flickers, fades, or sweeps across. */
function drawLight(random: Random): (time: number) => Light {
  const drift = random.chance(0.5) ? random.between(0.03, 0.3) : 0;
  const drifting = drawBeat(random, 1);
  const flicker = random.chance(0.12) ? random.between(0.03, 0.2) : 0;
  const flickering = 2 * Math.PI * random.between(3, 25);
  const slope = random.chance(0.4) ? random.between(0.1, 0.7) : 0;
  const way = random.between(-Math.PI, Math.PI);
  const turning = random.chance(0.5) ? random.between(-1.5, 1.5) : 0;
  const sweeping = drawBeat(random, 0.5);
  return (time) => {
    const steep = slope * (0.6 + 0.4 * sweeping(time));
    return {
      level: 1 + drift * drifting(time) + flicker * Math.sin(flickering * time),
      slopeX: steep * Math.cos(way + turning * time),
      slopeY: steep * Math.sin(way + turning * time),
    };
  };
}

function fillGains(gains: Float32Array, width: number, height: number, vignette: number, light: Light): void {
  for (let y = 0; y < height; y++) {
    const b = (y + 0.5) / height - 0.5;
    for (let x = 0; x < width; x++) {
      const a = (x + 0.5) / width - 0.5;
      const lit = light.level + light.slopeX * a + light.slopeY * b;
      gains[y * width + x] = Math.max(0, lit * (1 - vignette * 2 * (a * a + b * b)));
    }
  }
}

/** For each channel, drawn value in 0..383 (in halves) → level in 0..255: exposure, contrast, gamma, colour cast. */
function drawTables(
  random: Random,
  { mean, deviation }: Exposure,
): readonly [Float32Array, Float32Array, Float32Array] {
  const gamma = Math.exp(random.between(-0.35, 0.35));
  const target = random.between(75, 170);
  const contrast = Math.min(4, Math.max(0.5, random.between(20, 62) / Math.max(1, deviation)));
  const cast = random.chance(0.5) ? 0.09 : 0.02;
  const table = () => {
    const own = Math.exp(cast * random.normal());
    return Float32Array.from({ length: 768 }, (_, i) => {
      const level = (own * (target + contrast * (i / 2 - mean))) / 255;
      return 255 * Math.min(1, Math.max(0, level)) ** gamma;
    });
  };
  return [table(), table(), table()];
}

/** Sensor noise: new for every frame, sometimes coarse, sometimes with a fixed pattern. */
function drawGrain(random: Random, width: number, height: number): (noise: Float32Array) => void {
  const strength = random.chance(0.15) ? 0 : Math.exp(random.between(Math.log(0.6), Math.log(9)));
  const gray = random.chance(0.5);
  const coarse = random.chance(0.3) ? 1 : 0;
  const fixed = random.chance(0.15) ? random.between(0.5, 3) : 0;
  const draw = normalsFrom(random);
  const pattern = Float32Array.from({ length: 3 * width * height }, fixed > 0 ? () => fixed * draw() : () => 0);
  const last = normals.length - 1;
  return (noise) => {
    noise.set(pattern);
    if (strength === 0) return;
    let start = 0;
    for (let y = 0; y < height; y++) {
      if (y % (coarse + 1) === 0) start = random.below(normals.length);
      for (let x = 0; x < width; x++) {
        const at = 3 * (y * width + x);
        const from = start + 3 * (x >> coarse);
        const r = strength * normals[from & last]!;
        noise[at] = noise[at]! + r;
        noise[at + 1] = noise[at + 1]! + (gray ? r : strength * normals[(from + 1) & last]!);
        noise[at + 2] = noise[at + 2]! + (gray ? r : strength * normals[(from + 2) & last]!);
      }
    }
  };
}
