import { change, reset } from "../actions.ts";
import { rates, settings } from "../state.ts";
import { EngineSetting } from "./engine.tsx";

const memories: readonly (readonly [seconds: number | null, word: string])[] = [
  [1, "1 s"],
  [2, "2 s"],
  [5, "5 s"],
  [15, "15 s"],
  [null, "none: never forget"],
];

/** The threshold for a name, how fast old frames fade, and the frame rate. */
export function Settings() {
  const { threshold, halfLifeSeconds, streams } = settings.value;
  return (
    <section class="panel panel-settings" aria-label="Settings">
      <label class="setting">
        <span class="setting-name" title="Below this confidence nothing is named">
          Threshold
        </span>
        <input
          class="slider"
          type="range"
          min="5"
          max="95"
          step="5"
          value={Math.round(threshold * 100)}
          onInput={({ currentTarget }) => change({ threshold: Number(currentTarget.value) / 100 })}
        />
        <span class="setting-value">
          {Math.round(threshold * 100)}
          <span class="unit"> %</span>
        </span>
      </label>
      <div class="setting">
        <span class="setting-name" title="Time after which a frame counts half">
          Half-life
        </span>
        <select
          class="field"
          aria-label="Half-life: time after which a frame counts half"
          value={String(halfLifeSeconds)}
          onChange={({ currentTarget: { value } }) =>
            change({ halfLifeSeconds: value === "null" ? null : Number(value) })
          }
        >
          {memories.map(([seconds, word]) => (
            <option key={word} value={String(seconds)}>
              {word}
            </option>
          ))}
        </select>
        <button type="button" class="button button-small" onClick={reset}>
          Reset
        </button>
      </div>
      <label class="setting">
        <span
          class="setting-name"
          title="Higher rates interleave several streams, each at the model's own rate, and average them"
        >
          Frame rate
        </span>
        <select
          class="field field-wide"
          value={streams}
          onChange={({ currentTarget }) => change({ streams: Number(currentTarget.value) })}
        >
          {rates.value.map((rate) => (
            <option key={rate.streams} value={rate.streams}>
              {rate.fps} fps{rate.streams === 1 ? "" : ` (${rate.streams} streams)`}
            </option>
          ))}
        </select>
      </label>
      <EngineSetting />
    </section>
  );
}
