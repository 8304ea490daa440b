import { computed } from "@preact/signals";
import { clock } from "../../logic/format.ts";
import { ranks } from "../../state.ts";
import { Rank } from "../../ui/ranks.tsx";
import { moment, playhead } from "../state.ts";

/** The likeliest classes at the playhead, best first. */
export const ranked = computed<readonly number[]>(() => {
  const scores = moment.value?.scores;
  if (scores === undefined) return [];
  const order = Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  return order.slice(0, ranks);
});

/** The likeliest classes at the playhead as bars, in the tones of the curve. */
export function ClipRanks() {
  const scores = moment.value?.scores;
  const rows = scores === undefined ? Array.from({ length: ranks }, () => null) : ranked.value;
  return (
    <section class="panel panel-ranks" aria-labelledby="clip-ranks-title">
      <h2 id="clip-ranks-title" class="panel-title">
        At {clock(playhead.value)}
      </h2>
      <ol class="ranks">
        {rows.map((index, place) => (
          <Rank key={index ?? `empty ${place}`} place={place} index={index} score={scores?.[index ?? -1] ?? 0} />
        ))}
      </ol>
    </section>
  );
}
