import type { Gamut, Transfer } from "./colour.ts";
import type { Orientation, Size } from "./geometry.ts";

/** Samples of one component: sample `x` of row `y` is `data[offset + y * stride + x * step]`. */
export interface Plane extends Size {
  readonly data: Uint8Array | Uint16Array;
  readonly offset: number;
  readonly stride: number;
  readonly step: number;
}

/** How three planes become red, green and blue. */
export interface PlaneColours {
  /** Shares of red and blue in luma; null: the planes are red, green and blue. */
  readonly matrix: { readonly red: number; readonly blue: number } | null;
  /** Whether values fill all codes, or 16 to 235 of 256. */
  readonly full: boolean;
  readonly bits: number;
  readonly transfer: Transfer;
  readonly gamut: Gamut;
}

/** A decoded picture as it is stored, and how it is shown. */
export interface StoredPicture extends Size {
  /** Luma, blue and red chroma; or red, green and blue. */
  readonly planes: readonly [Plane, Plane, Plane];
  readonly colours: PlaneColours;
  /** Whether chroma samples lie on the left luma sample of those that they stand for, instead of in the middle. */
  readonly leftChroma: boolean;
  /** Width / height of a stored pixel. */
  readonly pixelAspect: number;
  readonly orientation: Orientation;
}

/** The matrices by their names in WebCodecs. */
const matrices: Readonly<Record<string, PlaneColours["matrix"]>> = {
  rgb: null,
  bt709: { red: 0.2126, blue: 0.0722 },
  smpte170m: { red: 0.299, blue: 0.114 },
  bt470bg: { red: 0.299, blue: 0.114 },
  "bt2020-ncl": { red: 0.2627, blue: 0.0593 },
};

/** Colours as WebCodecs names them; null or undefined where nothing is known. */
export interface NamedColours {
  readonly primaries?: string | null | undefined;
  readonly transfer?: string | null | undefined;
  readonly matrix?: string | null | undefined;
  readonly fullRange?: boolean | null | undefined;
}

/** The meaning of stored values; what is not named is as players assume it for so many lines. */
export function coloursOf(named: NamedColours, lines: number, bits: number): PlaneColours {
  const transfer = named.transfer === "pq" ? "pq" : named.transfer === "hlg" ? "hlg" : "sdr";
  const gamut = gamutOf(named.primaries ?? null, transfer);
  const usual = gamut === "bt2020" ? "bt2020-ncl" : lines < 720 ? "smpte170m" : "bt709";
  const matrix = matrices[named.matrix ?? usual];
  return {
    matrix: matrix === undefined ? (matrices[usual] ?? null) : matrix,
    full: named.fullRange ?? false,
    bits,
    transfer,
    gamut,
  };
}

function gamutOf(primaries: string | null, transfer: Transfer): Gamut {
  if (primaries === "bt2020") return "bt2020";
  if (primaries === "smpte432") return "p3";
  return primaries === null && transfer !== "sdr" ? "bt2020" : "bt709";
}
