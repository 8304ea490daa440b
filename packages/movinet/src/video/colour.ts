import type { Size } from "./geometry.ts";

/**
 * The transfer function of stored values: display-referred (gamma 2.4), absolute (PQ, SMPTE ST 2084) or hybrid
 * log-gamma.
 */
export type Transfer = "sdr" | "pq" | "hlg";
export type Gamut = "bt709" | "bt2020" | "p3";

/** The meaning of the values of a 16-bit RGB picture. */
export interface PictureColour {
  readonly transfer: Transfer;
  readonly gamut: Gamut;
  /** The value that stands for 1. */
  readonly white: number;
}

/** A 16-bit RGB picture in three planes with rows of `stride` bytes. */
export interface DeepPicture extends Size {
  readonly red: Uint8Array;
  readonly green: Uint8Array;
  readonly blue: Uint8Array;
  readonly stride: number;
}

/** Converts a picture to 8-bit BT.709 RGB, in rows without padding. */
export type ColourConversion = (picture: DeepPicture) => Uint8Array;

/** Nits that correspond to 1 here: the white of a page or a shirt in HDR (ITU-R BT.2408), the brightest of SDR. */
const whiteNits = 203;
/** This brightness and above become white. */
const hdrPeak = 1000 / whiteNits;
/** Up to here HDR keeps its brightness; above, the rest of SDR's range holds all highlights. */
const knee = 0.8;
const gamma = 2.4;

type Matrix = readonly [number, number, number, number, number, number, number, number, number];
const toBt709: Record<Gamut, Matrix> = {
  bt709: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  bt2020: [1.660491, -0.587641, -0.07285, -0.12455, 1.1329, -0.008349, -0.018151, -0.100579, 1.11873],
  p3: [1.22494, -0.22494, 0, -0.042057, 1.042057, 0, -0.019638, -0.078636, 1.098274],
};

/** The conversion of a picture's colours to SDR, or null if not needed. */
export function colourConversion({ transfer, gamut, white }: PictureColour): ColourConversion | null {
  if (transfer === "sdr" && gamut === "bt709") return null;
  const light = lightTable(transfer, white);
  const peak = transfer === "sdr" ? 1 : hdrPeak;
  const codes = codeTable(peak);
  const scale = (codes.length - 1) / Math.sqrt(peak);
  const code = (value: number) => codes[(Math.sqrt(Math.min(Math.max(value, 0), peak)) * scale + 0.5) | 0] as number;
  const [rr, rg, rb, gr, gg, gb, br, bg, bb] = toBt709[gamut];
  return ({ red, green, blue, stride, width, height }) => {
    const result = new Uint8Array(width * height * 3);
    for (let row = 0, to = 0; row < height; row++) {
      const valuesOf = (plane: Uint8Array) => new Uint16Array(plane.buffer, plane.byteOffset + row * stride, width);
      const [reds, greens, blues] = [valuesOf(red), valuesOf(green), valuesOf(blue)];
      for (let x = 0; x < width; x++, to += 3) {
        let r = light[reds[x] as number] as number;
        let g = light[greens[x] as number] as number;
        let b = light[blues[x] as number] as number;
        if (transfer === "hlg") {
          const display = hlgDisplay(r, g, b);
          r *= display;
          g *= display;
          b *= display;
        }
        result[to] = code(rr * r + rg * g + rb * b);
        result[to + 1] = code(gr * r + gg * g + gb * b);
        result[to + 2] = code(br * r + bg * g + bb * b);
      }
    }
    return result;
  };
}

/** From scene light to light on a display of 1000 nits (ITU-R BT.2100). */
function hlgDisplay(r: number, g: number, b: number): number {
  return hdrPeak * (0.2627 * r + 0.678 * g + 0.0593 * b) ** 0.2;
}

/** Stored 16-bit value → light: of the display, with white as 1; for HLG of the scene, 0..1. */
function lightTable(transfer: Transfer, white: number): Float32Array {
  const light = { sdr: (value: number) => value ** gamma, pq: pqLight, hlg: hlgLight }[transfer];
  return Float32Array.from({ length: 65536 }, (_, i) => light(Math.min(i / white, 1)));
}

function pqLight(value: number): number {
  const power = value ** (32 / 2523);
  const nits = 10000 * (Math.max(power - 107 / 128, 0) / (2413 / 128 - (2392 / 128) * power)) ** (8192 / 1305);
  return nits / whiteNits;
}

function hlgLight(value: number): number {
  return value <= 0.5 ? value ** 2 / 3 : (Math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12;
}

/** Square root of light, 0 to that of `peak` → 8-bit code. */
function codeTable(peak: number): Uint8Array {
  const steps = 8192;
  return Uint8Array.from({ length: steps + 1 }, (_, i) => {
    const light = peak * (i / steps) ** 2;
    return Math.round(255 * compress(light, peak) ** (1 / gamma));
  });
}

/** Linear up to the knee, then bent so that `peak` becomes 1. */
function compress(light: number, peak: number): number {
  if (peak <= 1 || light <= knee) return light;
  const above = (light - knee) / (1 - knee);
  const most = (peak - knee) / (1 - knee);
  return knee + ((1 - knee) * above) / (1 + above * (1 - 1 / most));
}
