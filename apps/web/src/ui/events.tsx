import { clearEvents, saveEvents } from "../actions.ts";
import { clock, percent } from "../logic/format.ts";
import { events } from "../state.ts";

/** Rows of the list; a saved file has all events. */
const mostShown = 100;

/** The events so far, newest first, and the buttons that save them. */
export function Events() {
  const list = events.value;
  return (
    <section class="panel panel-events" aria-labelledby="events-title">
      <div class="panel-head">
        <h2 id="events-title" class="panel-title">
          Events
        </h2>
        {list.length > 0 && (
          <div class="panel-actions">
            <button type="button" class="button button-small" onClick={() => saveEvents("csv")}>
              CSV
            </button>
            <button type="button" class="button button-small" onClick={() => saveEvents("jsonl")}>
              JSONL
            </button>
            <button type="button" class="button button-small" onClick={clearEvents}>
              Clear
            </button>
          </div>
        )}
      </div>
      {list.length === 0 ? (
        <p class="empty">Each action appears here with its start, length and peak confidence.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        <ol class="events" tabIndex={0} aria-label="Events, newest first">
          {list.slice(0, mostShown).map(({ id, label, start, end, peak }) => (
            <li key={id} class={end === null ? "event event-open" : "event"}>
              <span class="event-time">{clock(start)}</span>
              <span class="event-name">{label}</span>
              <span class="event-length">{end === null ? "now" : `${(end - start).toFixed(1)} s`}</span>
              <span class="event-peak">{percent(peak)} %</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
