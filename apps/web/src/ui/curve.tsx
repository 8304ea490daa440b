import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { clock } from "../logic/format.ts";
import { curveSeconds, edgesOf, shortestSpan, wholeView } from "../logic/zoom.ts";
import { answer, history, view } from "../state.ts";
import { followGestures, magnify, onKey, showAll } from "./curve-gestures.ts";
import { Icon, type IconName } from "./icons.tsx";

/** The likeliest classes over time, of which a part can be magnified. */
export function Curve() {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => followGestures(box.current as HTMLDivElement), []);
  useEffect(() => drawLater(box.current as HTMLDivElement), []);
  const { span } = view.value;
  return (
    <section class="curve" aria-labelledby="curve-title">
      <div class="panel-head">
        <h2 id="curve-title" class="panel-title">
          {titleOf()}
        </h2>
        <div class="panel-actions">
          {view.value !== wholeView && (
            <button type="button" class="button button-small" onClick={showAll}>
              All {curveSeconds} s
            </button>
          )}
          <ZoomButton word="Zoom out" icon="minus" factor={0.5} isDone={span >= curveSeconds} />
          <ZoomButton word="Zoom in" icon="plus" factor={2} isDone={span <= shortestSpan} />
        </div>
      </div>
      {/* biome-ignore-start lint/a11y: what is moved by keys must be reached by them; it is no group of fields */}
      <div tabIndex={0} role="group" aria-label={help} class="curve-box" onKeyDown={onKey}>
        <div ref={box} class="curve-plot" role="img" aria-label="Probability of the likeliest classes over time" />
      </div>
      {/* biome-ignore-end lint/a11y: as above */}
    </section>
  );
}

const help = "Curve. Plus and minus zoom, the arrows move, 0 shows everything.";

function titleOf(): string {
  const { span, end } = view.value;
  // What is too old moves out of a curve that stands still.
  void answer.value;
  if (end === null) return `Last ${Math.round(span)} seconds`;
  const [from, to] = edgesOf(view.value, history.now ?? 0);
  return `${clock(from)} to ${clock(to)}`;
}

/** Draws as soon as there is something to draw: a first visit waits for less. Returns a function that ends it. */
function drawLater(box: HTMLDivElement): () => void {
  let [asked, ended] = [false, false];
  let stop = () => {};
  const stopWaiting = effect(() => {
    if (asked || answer.value === null) return;
    asked = true;
    void import("./curve-plot.ts").then(({ drawCurves }) => {
      if (!ended) stop = drawCurves(box);
    });
  });
  return () => {
    ended = true;
    stopWaiting();
    stop();
  };
}

interface ZoomProps {
  readonly word: string;
  readonly icon: IconName;
  readonly factor: number;
  readonly isDone: boolean;
}

function ZoomButton({ word, icon, factor, isDone }: ZoomProps) {
  return (
    <button
      type="button"
      class="button button-small button-icon"
      aria-label={word}
      title={word}
      aria-disabled={isDone}
      onClick={() => magnify(factor)}
    >
      <Icon name={icon} />
    </button>
  );
}
