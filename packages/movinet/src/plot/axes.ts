/** The frame of a chart: where its curves are, its rules, its ticks and the names of its axes. */
import { stroke, type Tone } from "./palette.ts";
import { element, path, text } from "./svg.ts";
import { pixelWidth } from "./text-width.ts";
import type { Tick } from "./ticks.ts";

/** A rectangle in a drawing. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What an axis spans, and its ticks, which lie within it. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly Tick[];
  readonly title?: string;
}

/** A value of an axis as a place between two others. */
export function place(value: number, { low, high }: Axis, from: number, to: number): number {
  return from + ((value - low) / (high - low)) * (to - from);
}

/** Pixels that the labels of a vertical axis take, with their distance from the plot. */
export function labelsWidth({ ticks }: Axis, fontSize: number): number {
  return Math.max(0, ...ticks.map((tick) => pixelWidth(tick.text, fontSize))) + 0.6 * fontSize;
}

/** Pixels that a horizontal axis takes below the plot. */
export function axisHeight({ title }: Axis, fontSize: number): number {
  return (title === undefined ? 1.8 : 3.3) * fontSize;
}

/** Rules across the plot and their labels left of it. */
export function drawVertical(axis: Axis, { left, right, top, bottom }: Box, fontSize: number): string {
  const drawn = axis.ticks.map((tick) => {
    const y = place(tick.value, axis, bottom, top);
    const rule = tick.value === axis.low ? "" : element("path", { d: `M${left} ${y}H${right}`, ...stroke("rule") });
    return rule + text(tick.text, label(left - 0.5 * fontSize, y + 0.35 * fontSize, fontSize, "end"));
  });
  return drawn.join("");
}

/** The line below the plot, its ticks, those of their labels that have room, and the axis's name; nothing leaves `within`. */
export function drawHorizontal(axis: Axis, { left, right, bottom }: Box, within: Box, fontSize: number): string {
  const baseline = bottom + 1.5 * fontSize;
  const ticks = axis.ticks.map(({ value }) => {
    const x = place(value, axis, left, right);
    return element("path", { d: `M${x} ${bottom}v${0.3 * fontSize}`, ...stroke("faint") });
  });
  const labels = placeLabels(axis, left, right, within, fontSize).map(({ x, text: content }) =>
    text(content, label(x, baseline, fontSize, "middle")),
  );
  const line = path(
    [
      [left, bottom],
      [right, bottom],
    ],
    stroke("faint"),
  );
  const { title } = axis;
  const named =
    title === undefined
      ? ""
      : text(title, label((left + right) / 2, baseline + 1.45 * fontSize, fontSize, "middle", "faint"));
  return line + ticks.join("") + labels.join("") + named;
}

/** Where labels stand under their ticks: the outer two first, then the others as far as they have room. */
function placeLabels(axis: Axis, left: number, right: number, within: Box, fontSize: number) {
  const placed: { x: number; from: number; to: number; text: string }[] = [];
  const { ticks } = axis;
  const ordered = [ticks[0], ticks.at(-1), ...ticks.slice(1, -1)].filter((tick) => tick !== undefined);
  for (const tick of ordered) {
    const half = pixelWidth(tick.text, fontSize) / 2;
    const x = clamp(place(tick.value, axis, left, right), within.left + half, within.right - half);
    const gap = 0.5 * fontSize;
    if (placed.every((other) => x + half + gap <= other.from || x - half - gap >= other.to)) {
      placed.push({ x, from: x - half, to: x + half, text: tick.text });
    }
  }
  return placed;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

function label(x: number, y: number, size: number, anchor: "middle" | "end", tone: Tone = "faint") {
  return { x, y, size, anchor, tone };
}
