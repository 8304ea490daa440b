import { clock, percent } from "../../logic/format.ts";
import { labelOf } from "../../state.ts";
import { seek } from "../playback.ts";
import { likeliest } from "../recording.ts";
import { segment, segments } from "../state.ts";

/** What the clip shows from when to when. A click moves the playhead there. */
export function Segments() {
  const list = segments.value;
  const current = segment.value;
  return (
    <section class="panel panel-segments" aria-labelledby="segments-title">
      <h2 id="segments-title" class="panel-title">
        {list.length > 1 ? `${list.length} segments` : "Segments"}
      </h2>
      {list.length === 0 ? (
        <p class="empty">Each action of the clip, with its start, length and confidence.</p>
      ) : (
        <ol class="events segment-list">
          {list.map((each) => {
            const index = likeliest(each.scores);
            return (
              <li key={each.start}>
                <button
                  type="button"
                  class="event segment-row"
                  aria-current={each === current ? "true" : undefined}
                  onClick={() => seek(each.start)}
                >
                  <span class="event-time">{clock(each.start)}</span>
                  <span class="event-name">{labelOf(index)}</span>
                  <span class="event-length">{(each.end - each.start).toFixed(1)} s</span>
                  <span class="event-peak">{percent(each.scores[index] as number)} %</span>
                </button>
              </li>
            );
          })}
        </ol>
      )}
    </section>
  );
}
