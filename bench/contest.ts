/** Alternating rounds of contestants that step the same network. */
import { loadavg } from "node:os";
import { percentile } from "movinet/files";
import { randomOf } from "../packages/movinet/src/common/random.ts";
import { machineName, processor } from "./material.ts";
import { type StepRound, Summary } from "./step-rounds.ts";

/** Frames per round, and the number of streams (by first frame) with known logits. */
export const frames = 20;
export const known = 8;
const allowedDifference = 1e-5;

export interface StepTimes {
  /** Milliseconds of each call. */
  readonly times: readonly number[];
  /** Difference from native LiteRT's logits; null: not compared. */
  readonly largestDifference: number | null;
}

export interface Contestant {
  readonly name: string;
  /** Streams per call. */
  readonly streams: number;
  readonly round: () => Promise<StepTimes>;
}

/** The same times, for a contestant with correct logits. */
export function checked(name: string, done: StepTimes): StepTimes {
  if (done.largestDifference !== null && done.largestDifference <= allowedDifference) return done;
  throw new Error(`${name}: logits are ${done.largestDifference} from LiteRT's`);
}

/** Rounds `first` to `last`, after an uncounted one. The order of each is shuffled. */
export async function contest(
  { variant, runtime }: Pick<StepRound, "variant" | "runtime">,
  contestants: readonly Contestant[],
  first: number,
  last: number,
): Promise<readonly StepRound[]> {
  const measured: StepRound[] = [];
  for (const { round } of contestants) await round();
  for (let round = first; round <= last; round++) {
    for (const { name, streams, round: run } of randomOf(variant, round).shuffle(contestants)) {
      const loadAverage = Number((loadavg()[0] as number).toFixed(2));
      const { times, largestDifference } = await run();
      const ms = (p: number) => Number((percentile(times, p) / streams).toPrecision(4));
      measured.push({
        ...{ machine: machineName, processor, runtime, loadAverage, variant, contestant: name, round },
        ...{ p50Ms: ms(50), p95Ms: ms(95) },
        largestDifference: largestDifference && Number(largestDifference.toPrecision(3)),
      });
    }
    console.error(`${variant}: round ${round}`);
  }
  return measured;
}

/** Prints a line per contestant: its time, and its ratio to the times of others. */
export function tell(variant: string, rounds: readonly StepRound[], others: readonly string[]): void {
  const summary = new Summary(rounds);
  for (const name of [...summary.contestants].sort()) {
    const own = rounds.filter(({ contestant }) => contestant === name);
    const difference = Math.max(...own.map((one) => one.largestDifference ?? 0));
    const ratios = others.flatMap((other) => {
      const ratio = summary.ratio(name, other);
      return ratio === null || name === other ? [] : [`${ratio.toFixed(3)} × ${other}`];
    });
    const cells = [
      variant,
      name.padEnd(34),
      `${summary.p50Ms(name)?.toFixed(3).padStart(9)} ms`,
      [...ratios, ...(difference > 0 ? [`logits within ${difference}`] : [])].join(", "),
    ];
    console.log(cells.join("  ").trimEnd());
  }
}
