/**
 * The colours of every picture and report, for a light and a dark page. An element carries the light colour as an attribute, which
 * every reader of SVG understands, and a class of the same name, by which a style sheet gives it the dark one.
 */

/** Colours of lines, in the order in which they are used; the first is the accent. */
export const seriesCount = 5;

type Shade = "page" | "card" | "ink" | "faint" | "rule";
/** `series` colours lines and their labels; `tint` is the ground of a text that belongs to a line. */
export type Tone = Shade | `series${number}` | `tint${number}`;
export type Theme = Readonly<Record<Shade, string>> & { readonly series: readonly string[] };

/**
 * Five colours that stay apart for readers without red, green or blue cones (the distances are tested), each at least 4.5 : 1
 * against the page.
 */
export const light: Theme = {
  page: "#ffffff",
  card: "#f4f5f7",
  ink: "#1b1d21",
  faint: "#5b616b",
  rule: "#dfe2e7",
  series: ["#1a6fc4", "#b5501f", "#0a5c46", "#6f1a80", "#16181c"],
};

export const dark: Theme = {
  page: "#16181c",
  card: "#1f2227",
  ink: "#e9eaec",
  faint: "#a7adb7",
  rule: "#363b43",
  series: ["#4b9ad6", "#dd8038", "#61dd95", "#e0b2fe", "#eef0f2"],
};

/** Dashes of the lines, for greyscale print. */
export const dashes: readonly string[] = ["", "9 4", "2 4", "12 4 2 4", "5 5"];

const tones: readonly Tone[] = [
  ...(["page", "card", "ink", "faint", "rule"] as const),
  ...Array.from({ length: seriesCount }, (_, i) => [`series${i}`, `tint${i}`] as const).flat(),
];

/** The colour of a tone as `#rrggbb`. */
export function colorOf(tone: Tone, theme: Theme = light): string {
  const series = /^(series|tint)(\d+)$/.exec(tone);
  if (!series) return theme[tone as Shade];
  const color = theme.series[Number(series[2]) % seriesCount] as string;
  return series[1] === "series" ? color : mix(color, theme.page, 0.16);
}

export function fill(tone: Tone): { readonly fill: string; readonly class: string } {
  return { fill: colorOf(tone), class: `fill-${tone}` };
}

export function stroke(tone: Tone): { readonly stroke: string; readonly class: string } {
  return { stroke: colorOf(tone), class: `stroke-${tone}` };
}

/** A style sheet that gives everything drawn its dark colours on dark screens; paper stays light. */
export const darkRules: string = `@media screen and (prefers-color-scheme: dark){${tones
  .map((tone) => `.fill-${tone}{fill:${colorOf(tone, dark)}}.stroke-${tone}{stroke:${colorOf(tone, dark)}}`)
  .join("")}}`;

function mix(color: string, ground: string, share: number): string {
  const channels = [1, 3, 5].map((at) => {
    const [a, b] = [color, ground].map((hex) => Number.parseInt(hex.slice(at, at + 2), 16)) as [number, number];
    return Math.round(a * share + b * (1 - share))
      .toString(16)
      .padStart(2, "0");
  });
  return `#${channels.join("")}`;
}
