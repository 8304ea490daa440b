import { percent } from "../../logic/format.ts";
import { result } from "../state.ts";

/** The answer for the whole clip, and the reasons not to trust it. */
export function Answer() {
  const done = result.value;
  return (
    <section class="panel panel-answer" aria-labelledby="answer-title">
      <h2 id="answer-title" class="panel-title">
        Whole clip
      </h2>
      {done === null ? (
        <p class="empty">One answer for all of it, when it has been classified.</p>
      ) : (
        <>
          <ol class="answers">
            {done.predictions.map(({ label, index, score }) => (
              <li key={index} class="answer">
                <span class="rank-name">{label}</span>
                <span>
                  {percent(score)}
                  <span class="unit"> %</span>
                </span>
              </li>
            ))}
          </ol>
          <p class="answer-facts">
            {done.frames} {done.frames === 1 ? "frame" : "frames"}, {done.duration.toFixed(1)} s
          </p>
          {done.warnings.map((warning) => (
            <p key={warning} class="hint" role="note">
              {sentence(warning)}
            </p>
          ))}
        </>
      )}
    </section>
  );
}

/** The library's caveats begin in lower case and end without a period. */
const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
