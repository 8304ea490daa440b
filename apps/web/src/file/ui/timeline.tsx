import { signal } from "@preact/signals";
import { clock, percent, short } from "../../logic/format.ts";
import { labelOf, model } from "../../state.ts";
import { begin, stop } from "../clip.ts";
import { seek, toggle } from "../playback.ts";
import { likeliest } from "../recording.ts";
import {
  declared,
  duration,
  moment,
  nameAt,
  phase,
  playhead,
  reached,
  result,
  segment,
  segments,
  speed,
} from "../state.ts";
import { keyTarget, leftText, percentOf, ticks, tickText } from "../timeline.ts";
import { Curves } from "./curves.tsx";
import { Strip } from "./strip.tsx";
import { useWidth } from "./use-width.ts";

/** Where the pointer is, in seconds. */
const pointed = signal<number | null>(null);

/** Frames, segments and curves of the whole clip on one axis, with the playhead. */
export function Timeline() {
  return (
    <section class="panel panel-timeline" aria-labelledby="timeline-title">
      <div class="panel-head">
        <h2 id="timeline-title" class="panel-title">
          Timeline
        </h2>
        <Progress />
      </div>
      <Track />
      <p id="timeline-keys" class="unseen">
        Arrow keys move by a frame, Page Up and Page Down by a segment. Space plays.
      </p>
    </section>
  );
}

/** How far the classification is, and how it ended. Screen readers hear of its end. */
function Progress() {
  const now = phase.value;
  const share = declared.value === null ? undefined : Math.min(1, reached.value / declared.value);
  const pace = speed.value === null ? "" : `${short(speed.value)} × real time`;
  return (
    <div class="clip-progress">
      {now === "reading" && (
        <>
          <progress class="progress-bar" max={1} value={share} aria-label="Classified" />
          <span class="progress-text">
            {share === undefined ? clock(reached.value) : `${Math.floor(100 * share)} %`}
            {speed.value !== null && `, ${pace}`}
            {speed.value !== null && share !== undefined && `, ${leftText(duration.value, reached.value, speed.value)}`}
          </span>
          <button type="button" class="button button-small" onClick={() => stop()}>
            Cancel
          </button>
        </>
      )}
      <p class="progress-text" role="status">
        {now === "done" && `${result.value?.duration.toFixed(1)} s, ${pace}`}
        {now === "stopped" && `Stopped at ${clock(reached.value)}`}
        {now === "failed" && (reached.value > 0 ? `Failed at ${clock(reached.value)}` : "Failed")}
        {now === "waiting" && "Loading the model"}
      </p>
      {(now === "stopped" || now === "failed") && (
        <button type="button" class="button button-small" onClick={begin}>
          Start again
        </button>
      )}
    </div>
  );
}

function Track() {
  const [box, width] = useWidth();
  const timeAt = ({ clientX, currentTarget }: PointerEvent) => {
    const { left, width } = (currentTarget as HTMLElement).getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - left) / width)) * duration.value;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === " ") {
      event.preventDefault();
      return toggle();
    }
    const step = 1 / (model.value?.fps ?? 1);
    const starts = segments.value.map(({ start }) => start);
    const target = keyTarget(event.key, playhead.value, { duration: duration.value, step, starts });
    if (target === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    seek(target);
  };
  return (
    <div
      ref={box}
      class="track"
      role="slider"
      tabIndex={0}
      aria-label="Position in the clip"
      aria-valuemin={0}
      aria-valuemax={Number(duration.value.toFixed(3))}
      aria-valuenow={Number(playhead.value.toFixed(3))}
      aria-valuetext={valueText()}
      aria-describedby="timeline-keys"
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        seek(timeAt(event));
      }}
      onPointerMove={(event) => {
        pointed.value = event.pointerType === "mouse" ? timeAt(event) : null;
        if (event.currentTarget.hasPointerCapture(event.pointerId)) seek(timeAt(event));
      }}
      onPointerLeave={() => {
        pointed.value = null;
      }}
    >
      <Strip />
      <Bands />
      <Curves />
      <Ticks width={width} />
      <Heads />
    </div>
  );
}

function valueText(): string {
  const here = moment.value;
  if (here === null) return `${clock(playhead.value)}, not classified`;
  const { index, score } = nameAt(segment.value, here);
  return `${clock(playhead.value)}, ${labelOf(index)} ${percent(score)} %`;
}

/** The segments as bands. */
function Bands() {
  const current = segment.value;
  return (
    <div class="bands">
      {segments.value.map((each) => (
        <span
          key={each.start}
          class={each === current ? "band band-current" : "band"}
          style={{
            left: percentOf(each.start, duration.value),
            right: `calc(100% - ${percentOf(each.end, duration.value)})`,
          }}
        >
          <span class="band-name">{labelOf(likeliest(each.scores))}</span>
        </span>
      ))}
    </div>
  );
}

function Ticks({ width }: { readonly width: number }) {
  const whole = duration.value;
  const times = whole > 0 ? ticks(whole, width) : [];
  return (
    <div class="track-ticks">
      {times.map((time) => (
        <span key={time} class="tick" style={{ left: percentOf(time, whole) }}>
          {/* A label at an end stays inside. */}
          <span class={time === 0 ? "tick-text tick-first" : time > 0.97 * whole ? "tick-text tick-last" : "tick-text"}>
            {tickText(time, whole)}
          </span>
        </span>
      ))}
    </div>
  );
}

/** The playhead, and a mark where the pointer is. */
function Heads() {
  const mark = pointed.value;
  return (
    <>
      {mark !== null && (
        <span class="mark" style={{ left: percentOf(mark, duration.value) }}>
          <span class={mark > duration.value / 2 ? "mark-text mark-left" : "mark-text"}>{clock(mark)}</span>
        </span>
      )}
      {duration.value > 0 && <span class="playhead" style={{ left: percentOf(playhead.value, duration.value) }} />}
    </>
  );
}
