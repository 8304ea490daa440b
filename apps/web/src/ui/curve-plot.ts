/** Draws the curve: the classes with the highest peaks of the last half minute, and its events. */
import { effect } from "@preact/signals";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock } from "../logic/format.ts";
import { curveSeconds, edgesOf, marksOf } from "../logic/zoom.ts";
import { answer, events, history, ranked, ranks, view } from "../state.ts";
import { besides } from "./curve-gestures.ts";

const height = 156;
/** Milliseconds for which the curves stay those of the same classes. */
const settle = 500;

interface Theme {
  readonly tones: readonly string[];
  readonly line: string;
  readonly quiet: string;
  readonly font: string;
}

function themeOf(box: HTMLElement): Theme {
  const style = getComputedStyle(box);
  // A property that is a light-dark() is resolved where it is used as a colour.
  const colour = (name: string) => {
    box.style.color = `var(${name})`;
    return getComputedStyle(box).color;
  };
  const tones = Array.from({ length: ranks }, (_, i) => colour(`--tone-${i}`));
  const theme = { tones, line: colour("--line"), quiet: colour("--quiet"), font: `12px ${style.fontFamily}` };
  box.style.removeProperty("color");
  return theme;
}

/** Draws in the element until the returned function is called. Tones are those of the bars. */
export function drawCurves(box: HTMLElement): () => void {
  let theme = themeOf(box);
  let classes: readonly number[] = [];
  let chosen = Number.NEGATIVE_INFINITY;
  const toneOf = (index: number | undefined) => theme.tones[ranked.value.indexOf(index ?? -1)] ?? theme.tones[2] ?? "";
  const plot = new UPlot(
    optionsOf(box, {
      theme: () => theme,
      stroke: (series) => toneOf(classes[series - 1]),
      onDraw: (drawn) => drawEvents(drawn, theme),
    }),
    [[], ...Array.from({ length: ranks }, () => [])],
    box,
  );
  let frame = 0;
  const draw = (now: number) => {
    frame = 0;
    if (now - chosen > settle || history.now === null) {
      chosen = now;
      // Who leads is drawn last, above the others.
      const leader = ranked.value[0] ?? -1;
      const others = history.peaks(ranks).filter((index) => index !== leader);
      classes = [...others.slice(0, ranks - 1), leader];
      while (classes.length < ranks) classes = [-1, ...classes];
    }
    plot.setData(history.curves(classes));
  };
  const stopEffect = effect(() => {
    void answer.value;
    void view.value;
    frame ||= requestAnimationFrame(draw);
  });
  const sizes = new ResizeObserver(() => plot.setSize({ width: Math.max(1, box.clientWidth), height }));
  sizes.observe(box);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const onTheme = () => {
    theme = themeOf(box);
    plot.redraw(false, true);
  };
  dark.addEventListener("change", onTheme);
  return () => {
    dark.removeEventListener("change", onTheme);
    sizes.disconnect();
    stopEffect();
    cancelAnimationFrame(frame);
    plot.destroy();
  };
}

interface Drawing {
  readonly theme: () => Theme;
  readonly stroke: (series: number) => string;
  readonly onDraw: (plot: UPlot) => void;
}

function optionsOf(box: HTMLElement, { theme, stroke, onDraw }: Drawing): UPlot.Options {
  const axis = { stroke: () => theme().quiet, font: theme().font, ticks: { show: false } };
  const curves = Array.from({ length: ranks }, (_, i): UPlot.Series => {
    const series = i + 1;
    return { stroke: () => stroke(series), width: series === ranks ? 2.5 : 1.5, points: { show: false } };
  });
  return {
    width: Math.max(1, box.clientWidth),
    height,
    padding: [22, besides.right, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: () => [...edgesOf(view.value, history.now ?? 0)] }, y: { range: [0, 100] } },
    axes: [
      {
        ...axis,
        size: 24,
        grid: { show: false },
        splits: () => [...marksOf(view.value, history.now ?? 0)],
        values: (_, values) => values.map(nameOf),
      },
      {
        ...axis,
        size: besides.left,
        grid: { stroke: () => theme().line, width: 1 },
        splits: () => [0, 50, 100],
        values: (_, values) => values.map((value) => `${value} %`),
      },
    ],
    series: [{}, ...curves],
    hooks: { draw: [onDraw] },
  };
}

/** A mark counts back from now, or where the curve stands still it is a time, as in the list of events. */
function nameOf(time: number): string {
  if (view.value.end !== null) return clock(time).replace(/\.0$/, "");
  const ago = Math.round((history.now ?? 0) - time);
  return ago === 0 ? "now" : `−${ago} s`;
}

/** Writes the names of events above the plot, and marks their start. */
function drawEvents({ ctx, bbox, valToPos }: UPlot, { tones, quiet, line, font }: Theme): void {
  const now = history.now;
  if (now === null) return;
  const [first, last] = edgesOf(view.value, now);
  ctx.save();
  ctx.font = font.replace("12px", `${12 * devicePixelRatio}px`);
  ctx.textBaseline = "bottom";
  ctx.textAlign = "left";
  const gap = 5 * devicePixelRatio;
  for (const { label, start, end } of events.value) {
    if ((end ?? now) < now - curveSeconds) break;
    if ((end ?? now) < first || start > last) continue;
    const from = valToPos(Math.max(start, first), "x", true);
    const width = valToPos(Math.min(end ?? now, last), "x", true) - from;
    ctx.fillStyle = line;
    if (start > first) ctx.fillRect(from, bbox.top - 3 * gap, devicePixelRatio, bbox.height + 3 * gap);
    if (ctx.measureText(label).width > width - 2 * gap) continue;
    ctx.fillStyle = (end === null ? tones[0] : quiet) ?? quiet;
    ctx.fillText(label, from + gap, bbox.top - gap / 2);
  }
  ctx.restore();
}
