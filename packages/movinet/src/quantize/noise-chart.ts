/** The noise of a network's layers as a chart: a bar for each, from the first to the last. */
import { drawHorizontal, labelsWidth, place } from "../plot/axes.ts";
import { chartFont, chartWidth } from "../plot/line-chart.ts";
import { fill, stroke } from "../plot/palette.ts";
import { type Drawing, element, text } from "../plot/svg.ts";
import { pixelWidth } from "../plot/text-width.ts";
import { ticksUpTo } from "../plot/ticks.ts";
import type { LayerNoise } from "./layers.ts";

const row = 1.5 * chartFont;
const bar = 0.9 * chartFont;
const top = 2.6 * chartFont;

/** `floats`: the layers that stay floats, which are drawn as outlines. */
export function drawNoise(layers: readonly LayerNoise[], title: string, floats: readonly string[] = []): Drawing {
  const isFloat = new Set(floats);
  const most = Math.max(10, ...layers.map(({ decibels }) => decibels ?? 0));
  const ticks = ticksUpTo(most, 4);
  const x = { low: 0, high: ticks.at(-1)?.value ?? most, ticks, title: "signal to noise, in decibels: more is better" };
  const names = { low: 0, high: 1, ticks: layers.map(({ layer }) => ({ value: 0, text: layer })) };
  const written = layers.map(({ decibels }) => (decibels === null ? "exact" : decibels.toFixed(0)));
  const room = Math.max(...written.map((number) => pixelWidth(number, chartFont))) + 0.8 * chartFont;
  const bottom = top + layers.length * row;
  const plot = { left: labelsWidth(names, chartFont), right: chartWidth - room, top, bottom };
  const height = bottom + 3.3 * chartFont;
  const rows = layers.map(({ layer, decibels }, i) => {
    const middle = top + (i + 0.5) * row;
    const baseline = middle + 0.35 * chartFont;
    const end = decibels === null ? plot.left : place(Math.max(0, decibels), x, plot.left, plot.right);
    const size = { x: plot.left, y: middle - bar / 2, width: end - plot.left, height: bar };
    const tone = fill(isFloat.has(layer) ? "page" : "tint0");
    const colours = { ...tone, ...stroke("series0"), class: `${tone.class} ${stroke("series0").class}` };
    return [
      text(layer, { x: plot.left - 0.5 * chartFont, y: baseline, size: chartFont, anchor: "end" }),
      end > plot.left ? element("rect", { ...size, ...colours }) : "",
      text(written[i] as string, { x: end + 0.4 * chartFont, y: baseline, size: chartFont }),
    ].join("");
  });
  const within = { left: 0, right: chartWidth, top: 0, bottom: height };
  const heading = text(title, { x: 0, y: 1.3 * chartFont, size: chartFont, bold: true });
  const words = layers.map(({ layer }, i) => `${layer} ${written[i]}`);
  return {
    width: chartWidth,
    height,
    body: heading + drawHorizontal(x, plot, within, chartFont) + rows.join(""),
    description: `${title}. ${words.join("; ")}`,
  };
}
