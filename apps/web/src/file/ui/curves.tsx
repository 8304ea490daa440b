import { computed } from "@preact/signals";
import { ranks } from "../../state.ts";
import type { CurvePoint } from "../recording.ts";
import { duration, reached, recording, segments } from "../state.ts";
import { ranked } from "./clip-ranks.tsx";
import { Drawn, type Sheet } from "./drawn.tsx";

/** The classes that have a curve, the most important one first. */
const classes = computed(() => {
  void reached.value;
  return recording.value.classes(ranks, segments.value);
});

/** The probability of the top classes over the whole clip, in the tones of the bars: who leads at the playhead stands out. */
export function Curves() {
  return (
    <Drawn
      class="curves"
      watch={() => {
        void [classes.value, duration.value, ranked.value.join()];
      }}
      draw={drawCurves}
    />
  );
}

/** Pixels above 100 % and below 0 %. */
const [above, below] = [16, 3];

function drawCurves({ context, width, height, colour }: Sheet): void {
  const yOf = (score: number) => above + (1 - score) * (height - above - below);
  const xOf = (time: number) => (duration.value > 0 ? (time / duration.value) * width : 0);
  context.fillStyle = colour("--line");
  for (const share of [0, 0.5, 1]) context.fillRect(0, Math.round(yOf(share)), width, 1);
  context.fillStyle = colour("--quiet");
  context.font = `11px ${getComputedStyle(context.canvas).fontFamily}`;
  context.fillText("100 %", 5, above - 5);
  const places = ranked.value;
  const leader = places[0] ?? -1;
  const drawn = classes.value.filter((index) => index !== leader).reverse();
  const path = (points: readonly CurvePoint[]) => {
    context.beginPath();
    for (const { time, score } of points) context.lineTo(xOf(time), yOf(score));
  };
  context.lineJoin = "round";
  const curveOf = (index: number) => recording.value.curve(index, reached.value, xOf(reached.value));
  if (leader >= 0) {
    const points = curveOf(leader);
    path([{ time: points[0]?.time ?? 0, score: 0 }, ...points, { time: points.at(-1)?.time ?? 0, score: 0 }]);
    context.fillStyle = colour("--accent-soft");
    context.fill();
    drawn.push(leader);
  }
  for (const index of drawn) {
    path(curveOf(index));
    const place = places.indexOf(index);
    context.strokeStyle = colour(`--tone-${place < 0 ? 3 : place}`);
    context.lineWidth = index === leader ? 2.5 : 1.5;
    context.stroke();
  }
}
