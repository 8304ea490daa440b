import type { WatchRecord } from "movinet/watch";

/** Where records of cameras go. */
export interface Sink extends AsyncDisposable {
  /** Takes a record. Never waits and never throws: recognition goes on whatever becomes of it. */
  write(record: WatchRecord): void;
}

/** Kinds of records. */
export type RecordType = WatchRecord["type"];

/** A line about a sink, shown even when quiet. */
export type Complain = (line: string) => void;

/** Seconds in which a sink may finish its work at the end. */
export const lastSeconds = 5;

/** Tells of trouble when it begins and when it ends, and in between at most once a minute, so that a month of it fills no log. */
export class Trouble {
  readonly #complain: Complain;
  readonly #now: () => number;
  #last = -Infinity;
  #lost = 0;

  constructor(complain: Complain, now: () => number = () => performance.now()) {
    this.#complain = complain;
    this.#now = now;
  }

  /** Says what is wrong, and how much was lost since the last line about it. */
  tell(text: string, lost = 0): void {
    this.#lost += lost;
    if (this.#now() - this.#last < 60_000) return;
    this.#last = this.#now();
    this.#complain(`${text}${this.#takeLost()}`);
  }

  /** It works again. */
  over(text: string): void {
    if (this.#last === -Infinity) return;
    this.#last = -Infinity;
    this.#complain(`${text}${this.#takeLost()}`);
  }

  /** The last line: what was lost since the line before, if anything. */
  end(text: string, lost: number): void {
    this.#lost += lost;
    if (this.#lost > 0) this.#complain(`${text}${this.#takeLost()}`);
  }

  #takeLost(): string {
    const lost = this.#lost;
    this.#lost = 0;
    return lost === 0 ? "" : ` (${lost} ${lost === 1 ? "record" : "records"} lost)`;
  }
}
