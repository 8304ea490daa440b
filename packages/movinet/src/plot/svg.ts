/** SVG as text: elements, texts, and a drawing as a file or as a part of a page. */
import { printable } from "../common/printable.ts";
import { darkRules, fill, stroke, type Tone } from "./palette.ts";

/** The font that PNGs are drawn with; a browser without it uses what stands after it. */
export const plotFont = "Atkinson Hyperlegible";
const fonts = `${plotFont}, Helvetica Neue, Helvetica, Arial, sans-serif`;

/** Something drawn: lengths are in units of its `viewBox`, from the top left corner. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Markup of its elements. */
  readonly body: string;
  /** What it shows, in words, for those who cannot see it. */
  readonly description: string;
}

/** Attributes that are undefined are left out; lengths are rounded to hundredths. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => {
    if (value === undefined) return "";
    return ` ${key}="${typeof value === "number" ? length(value) : escapeMarkup(value)}"`;
  });
  const start = `<${name}${written.join("")}`;
  return children.length === 0 ? `${start}/>` : `${start}>${children.join("")}</${name}>`;
}

export interface TextOptions {
  readonly x: number;
  /** Of the baseline. */
  readonly y: number;
  readonly size: number;
  readonly tone?: Tone;
  readonly bold?: boolean;
  readonly anchor?: "start" | "middle" | "end";
  /** Keeps what is drawn below off the letters. */
  readonly halo?: boolean;
}

/** One line of text. */
export function text(content: string, { x, y, size, tone = "ink", bold, anchor, halo }: TextOptions): string {
  const attributes = {
    x,
    y,
    "font-size": size,
    "font-weight": bold ? "bold" : undefined,
    "text-anchor": anchor === "start" ? undefined : anchor,
    ...(halo && { ...stroke("page"), "stroke-width": 3, "stroke-linejoin": "round", "paint-order": "stroke" }),
    fill: fill(tone).fill,
    class: halo ? `${fill(tone).class} ${stroke("page").class}` : fill(tone).class,
  };
  return element("text", attributes, escapeMarkup(printable(content)));
}

/** A path through points. */
export function path(points: readonly (readonly [number, number])[], attributes: Attributes): string {
  const d = points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${length(x)} ${length(y)}`).join("");
  return element("path", { d, fill: "none", "stroke-linejoin": "round", ...attributes });
}

/** The drawing as a file: it has a size, its own ground and font, and follows the reader's light or dark setting. */
export function renderFile(drawing: Drawing): string {
  const { width, height, body } = drawing;
  const ground = element("rect", { width, height, ...fill("page") });
  const attributes = { xmlns: "http://www.w3.org/2000/svg", ...rootAttributes(drawing), "font-family": fonts };
  return `${element("svg", attributes, element("style", {}, darkRules), ground, body)}\n`;
}

/** The drawing inside a page whose style sheet has {@link darkRules}: in the page's font, as wide as the page lets it be. */
export function renderInline(drawing: Drawing): string {
  return element("svg", rootAttributes(drawing), drawing.body);
}

function rootAttributes({ width, height, description }: Drawing): Attributes {
  return {
    viewBox: `0 0 ${length(width)} ${length(height)}`,
    width,
    height,
    role: "img",
    "aria-label": printable(description),
    style: "max-width:100%;height:auto;font-variant-numeric:tabular-nums",
  };
}

function length(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`internal: ${value} is not a length`);
  return String(Math.round(value * 100) / 100);
}

/** A text as the content of an element or an attribute. */
export function escapeMarkup(content: string): string {
  return content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
