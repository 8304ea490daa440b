import type { Size } from "../video/geometry.ts";

/** Where the parts of a caption are, in pixels from its top left corner. */
export interface CaptionLayout {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly corner: number;
  /** Room for text at each side. */
  readonly padding: number;
  readonly heading: { readonly y: number; readonly size: number };
  readonly bar: { readonly y: number; readonly height: number };
  /** The other classes, as many as there is room for. */
  readonly others: readonly { readonly y: number; readonly size: number }[];
  readonly footer: { readonly y: number; readonly size: number };
}

/** The size of ordinary text, as a share of the picture's shorter side, and the least that can be read. */
const textShare = 0.036;
const leastText = 10;
/** All below are in sizes of ordinary text. */
const widest = 20;
const margin = 0.7;
const padding = 0.6;
const heading = { size: 1.3, height: 1.75 };
const bar = { height: 0.3, below: 0.4 };
const other = { size: 0.95, height: 1.35 };
const footer = { size: 0.85, above: 0.25, height: 1.1 };
/** The other classes are shown where the caption is no higher than this share of the picture. */
const mostHeight = 0.4;
const mostOthers = 2;

/** Lays a caption out for pictures of a size: it grows with them, and shows fewer classes in small ones. */
export function layOutCaption(picture: Size): CaptionLayout {
  const em = Math.max(leastText, textShare * Math.min(picture.width, picture.height));
  const px = (ems: number) => Math.round(ems * em);
  const heightOf = (others: number) =>
    px(2 * padding + heading.height + bar.height + bar.below + others * other.height + footer.above + footer.height);
  let count = mostOthers;
  while (count > 0 && heightOf(count) > mostHeight * picture.height) count--;
  const place = 2 * Math.round((margin * em) / 2);
  const barY = px(padding + heading.height);
  const othersY = barY + px(bar.height + bar.below);
  return {
    left: place,
    top: place,
    width: Math.max(2, Math.min(px(widest), picture.width - 2 * place)),
    height: heightOf(count),
    corner: px(0.4),
    padding: px(padding),
    heading: { y: px(padding), size: px(heading.size) },
    bar: { y: barY, height: Math.max(2, px(bar.height)) },
    others: Array.from({ length: count }, (_, i) => ({ y: othersY + px(i * other.height), size: px(other.size) })),
    footer: { y: othersY + px(count * other.height + footer.above), size: px(footer.size) },
  };
}
