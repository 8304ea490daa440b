import { type Prediction, percentText } from "../flow/predict.ts";
import type { Size } from "../video/geometry.ts";
import type { Overlay } from "../video/overlay.ts";
import { type CaptionLayout, layOutCaption } from "./caption-layout.ts";
import { blackPanel, type Canvas, type Colour, fillRectangle, paintMask } from "./panel.ts";
import { clock } from "./plot-data.ts";
import { TextMasks, type TextStyle } from "./text-mask.node.ts";

/** What a caption says of a moment. */
export interface Caption {
  /** Seconds since the first picture. */
  readonly time: number;
  /** Best first: one in large, with a bar for its probability, then as many as there is room for. Empty: nothing is known yet. */
  readonly predictions: readonly Prediction[];
  /** The segment so far, and the second at which it began; null: there is none. */
  readonly segment: { readonly label: string; readonly start: number } | null;
}

const white: Colour = [255, 255, 255];
const blue: Colour = [86, 180, 233];
/** Of the panel: over a white scene, white text on it has a contrast of 7:1. */
const opacity = 0.65;
/** Of the bar's empty part. */
const emptyOpacity = 0.25;
/** Advance of a digit, which all share so that a clock stands still, and of a colon or a point, in font sizes. */
const clockAdvance = { digit: 0.62, mark: 0.32 };

/** Paints captions for the pictures of one video: white text on a dark panel at the top left. */
export class CaptionPainter {
  readonly #layout: CaptionLayout;
  readonly #panel: Canvas;
  readonly #canvas: Canvas;
  readonly #masks: TextMasks;

  /** @param size of the pictures, as shown. @param warn is called once for each label that no font on this system covers. */
  constructor(size: Size, warn: (warning: string) => void = () => {}) {
    const warned = new Set<string>();
    this.#masks = new TextMasks((problem) => {
      if (!warned.has(problem)) warn(`${problem}. Install a font for that script`);
      warned.add(problem);
    });
    this.#layout = layOutCaption(size);
    const { width, height, corner } = this.#layout;
    this.#panel = blackPanel(width, height, corner, opacity);
    this.#canvas = blackPanel(width, height, corner, opacity);
  }

  /** The overlay holds until the next call. Throws a `DependencyError` when @resvg/resvg-js or the font package is not installed. */
  async paint({ time, predictions: [best, ...others], segment }: Caption): Promise<Overlay> {
    const { left, top, heading, bar, padding, width, ...layout } = this.#layout;
    const canvas = this.#canvas;
    canvas.data.set(this.#panel.data);
    if (best) {
      await this.#row(canvas, best, heading.y, { size: heading.size, bold: true });
      const whole = { x: padding, y: bar.y, width: width - 2 * padding, height: bar.height };
      fillRectangle(canvas, whole, white, emptyOpacity);
      fillRectangle(canvas, { ...whole, width: best.score * whole.width }, blue, 1);
    }
    for (const [i, { y, size }] of layout.others.entries()) {
      const prediction = others[i];
      if (prediction) await this.#row(canvas, prediction, y, { size, bold: false });
    }
    await this.#footer(canvas, time, segment);
    return { left, top, ...canvas };
  }

  /** A class at the left, its probability at the right. */
  async #row(canvas: Canvas, { label, score }: Prediction, y: number, style: TextStyle): Promise<void> {
    const { padding } = this.#layout;
    const room = canvas.width - 2 * padding;
    const number = await this.#masks.fit(percentText(score), style, room);
    const name = await this.#masks.fit(label, style, Math.floor(room - number.width - style.size / 2));
    paintMask(canvas, number, canvas.width - padding - number.width, y, white);
    paintMask(canvas, name, padding, y + number.ascent - name.ascent, white);
  }

  /** The segment at the left, the time at the right. */
  async #footer(canvas: Canvas, time: number, segment: Caption["segment"]): Promise<void> {
    const { padding, footer } = this.#layout;
    const style = { size: footer.size, bold: false };
    let x = canvas.width - padding;
    for (const character of [...clockText(time)].reverse()) {
      x -= Math.round(style.size * (/\d/.test(character) ? clockAdvance.digit : clockAdvance.mark));
      paintMask(canvas, await this.#masks.fit(character, style, canvas.width), x, footer.y, white);
    }
    if (segment === null) return;
    const text = await this.#masks.fit(`since ${clockText(segment.start)}  ${segment.label}`, style, x - 2 * padding);
    paintMask(canvas, text, padding, footer.y, white);
  }
}

/** Seconds as `m:ss.s` or `h:mm:ss.s`. */
export function clockText(seconds: number): string {
  const tenths = Math.floor(seconds * 10 + 1e-6);
  return `${clock(Math.floor(tenths / 10))}.${tenths % 10}`;
}
