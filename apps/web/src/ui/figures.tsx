import { short } from "../logic/format.ts";
import { answer, answersPerSecond, model, msPerFrame, sourceFps } from "../state.ts";

/** Four figures about the running model. */
export function Figures() {
  const said = answer.value;
  const cells: readonly (readonly [name: string, value: string, unit: string, about: string])[] = [
    ["Frame rate", textOf(answersPerSecond.value, short), "fps", "Frames that the model processes per second"],
    ["Per frame", textOf(msPerFrame.value, short), "ms", "Time to scale one frame and run the network"],
    ["Dropped", textOf(said?.dropped ?? null, String), "", "Frames that came too late, or not at all"],
    [
      "State age",
      textOf(said?.stateSeconds ?? null, (value) => value.toFixed(0)),
      "s",
      "Video that the model has seen since the last reset",
    ],
  ];
  return (
    <section class="panel panel-figures" aria-label="Figures">
      <dl class="figures">
        {cells.map(([name, value, unit, about]) => (
          <div key={name} class="figure" title={about}>
            <dt class="figure-name">{name}</dt>
            <dd class="figure-value">
              {value}
              {unit !== "" && <span class="unit"> {unit}</span>}
            </dd>
          </div>
        ))}
      </dl>
      <Slow />
    </section>
  );
}

/** Warns about a source that is slower than the model's own rate. */
function Slow() {
  const [given, wanted] = [sourceFps.value, model.value?.fps ?? 0];
  if (given === null || given >= 0.9 * wanted) return null;
  return (
    <p class="hint" role="note">
      This source has {given} fps. The model was trained on {wanted} fps, so its answers are less reliable.
    </p>
  );
}

function textOf(value: number | null, format: (value: number) => string): string {
  return value === null ? "–" : format(value);
}
