/** The rounds of `steps.ts` and `browser-steps.ts` as CSV, and their summary. */
import { percentile } from "movinet/files";
import { parseCsv } from "../packages/movinet/src/data/manifest.ts";

/** 20 steps of one contestant. */
export interface StepRound {
  readonly machine: string;
  readonly processor: string;
  /** The runtime: `Node 24.21.0`, whose peers are native, or a browser. */
  readonly runtime: string;
  /** Load average over the last minute, when the round began. */
  readonly loadAverage: number;
  readonly variant: string;
  readonly contestant: string;
  /** From 1. Rounds with the same number ran at the same time. */
  readonly round: number;
  /** Per call, for one of its streams. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  /**
   * Difference from native LiteRT's logits, relative to the larger of 1 and their magnitude; null for native peers,
   * which are not compared.
   */
  readonly largestDifference: number | null;
}

const columns = [
  "machine",
  "processor",
  "runtime",
  "loadAverage",
  "variant",
  "contestant",
  "round",
  "p50Ms",
  "p95Ms",
  "largestDifference",
] as const satisfies readonly (keyof StepRound)[];

export function writeRounds(rounds: readonly StepRound[]): string {
  const cell = (value: string | number | null) => (/,/.test(String(value)) ? `"${value}"` : (value ?? ""));
  const lines = rounds.map((round) => columns.map((column) => cell(round[column])).join(","));
  return `${[columns.join(","), ...lines].join("\n")}\n`;
}

/** The same file with these rounds replacing those of the same machine, in Node or in the same browser. */
export function replaceRounds(csv: string, measured: readonly StepRound[]): string {
  const ownerOf = ({ machine, processor, runtime }: StepRound) => [machine, processor, kindOf(runtime)].join();
  const replaced = new Set(measured.map(ownerOf));
  return writeRounds([...readRounds(csv).filter((one) => !replaced.has(ownerOf(one))), ...measured]);
}

/** `Node`, `Chromium`, without the version. */
export const kindOf = (runtime: string): string => runtime.split(" ")[0] as string;

export function readRounds(csv: string): StepRound[] {
  const [, ...records] = parseCsv(csv, "steps.csv");
  return records.map(({ fields }) => {
    const [
      machine = "",
      processor = "",
      runtime = "",
      load,
      variant = "",
      contestant = "",
      round,
      p50,
      p95,
      difference,
    ] = fields;
    return {
      machine,
      processor,
      runtime,
      loadAverage: Number(load),
      variant,
      contestant,
      round: Number(round),
      p50Ms: Number(p50),
      p95Ms: Number(p95),
      largestDifference: difference ? Number(difference) : null,
    };
  });
}

/** The summary of the rounds of one machine and variant. */
export class Summary {
  readonly #p50Ms = new Map<string, Map<number, number>>();

  constructor(rounds: readonly StepRound[]) {
    for (const { contestant, round, p50Ms } of rounds) {
      const times = this.#p50Ms.get(contestant) ?? new Map<number, number>();
      this.#p50Ms.set(contestant, times.set(round, p50Ms));
    }
  }

  get contestants(): readonly string[] {
    return [...this.#p50Ms.keys()];
  }

  /** The median of the rounds' medians; null if it did not run. */
  p50Ms(contestant: string): number | null {
    const times = this.#p50Ms.get(contestant);
    return times ? percentile([...times.values()], 50) : null;
  }

  /** The median of the ratios of two contestants in the same rounds; null if one of them did not run. */
  ratio(contestant: string, other: string): number | null {
    const [times, others] = [this.#p50Ms.get(contestant), this.#p50Ms.get(other)];
    if (!times || !others) return null;
    const ratios = [...times].map(([round, ms]) => ms / (others.get(round) ?? Number.NaN));
    return percentile(ratios, 50);
  }
}
