import { percent } from "../logic/format.ts";
import { answer, labelOf, model, ranked, ranks, settings } from "../state.ts";

/** Frames per second below which the bars glide; else they follow by themselves, and gliding would cost a tenth of a core. */
const smooth = 10;

/** The likeliest classes as bars, in the tones of the curve. */
export function Ranks() {
  const said = answer.value;
  const isSlow = (model.value?.fps ?? 0) * settings.value.streams < smooth;
  const rows = said === null ? Array.from({ length: ranks }, () => null) : ranked.value;
  return (
    <section class="panel panel-ranks" aria-labelledby="ranks-title">
      <h2 id="ranks-title" class="panel-title">
        Top {ranks}
      </h2>
      <ol class={isSlow ? "ranks ranks-slow" : "ranks"}>
        {rows.map((index, place) => (
          <Rank key={index ?? `empty ${place}`} place={place} index={index} score={said?.scores[index ?? -1] ?? 0} />
        ))}
      </ol>
    </section>
  );
}

interface RankProps {
  readonly place: number;
  readonly index: number | null;
  readonly score: number;
}

/** A class with its probability, as a bar; an empty place if `index` is null. */
export function Rank({ place, index, score }: RankProps) {
  return (
    <li class={`rank tone-${place}`}>
      <span class="rank-name">{index === null ? " " : labelOf(index)}</span>
      <span class="rank-score">
        {index === null ? " " : percent(score)}
        {index !== null && <span class="unit"> %</span>}
      </span>
      <span class="rank-bar" aria-hidden="true">
        <span class="rank-fill" style={{ transform: `scaleX(${score.toFixed(3)})` }} />
      </span>
    </li>
  );
}
