/** Takes the result lines of one source. */
export interface SourceOutput {
  line(text: string): void;
  /** The source is done: its lines are complete. */
  end(): void;
}

/** Where the lines of sources go that are processed at the same time; those of one source stay together. */
export interface Outputs {
  /** `index` is the place of the source among all, from 0; sources must be opened in that order. */
  open(index: number): Promise<SourceOutput>;
}

/** Sources that may be ahead of the oldest unfinished one: their lines wait in memory. */
const window = 1000;

/** Writes lines in the order of the sources: those of the oldest unfinished one at once, the others when it is their turn. */
export class OrderedOutputs implements Outputs {
  readonly #write: (text: string) => void;
  readonly #waiting = new Map<number, { lines: string[]; ended: boolean }>();
  #turn = 0;
  #flushed = false;
  #wake: (() => void)[] = [];

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  async open(index: number): Promise<SourceOutput> {
    while (index >= this.#turn + window && !this.#flushed)
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    const entry = { lines: [] as string[], ended: false };
    this.#waiting.set(index, entry);
    return {
      line: (text) => {
        if (index === this.#turn) this.#write(text);
        else entry.lines.push(text);
      },
      end: () => {
        entry.ended = true;
        this.#advance();
      },
    };
  }

  /** Writes the lines of finished sources that wait for unfinished ones, and makes nothing wait any more: the run ends early. */
  flush(): void {
    this.#flushed = true;
    for (const { lines, ended } of this.#waiting.values()) if (ended) for (const line of lines) this.#write(line);
    this.#waiting.clear();
    this.#wakeAll();
  }

  #advance(): void {
    while (this.#waiting.get(this.#turn)?.ended) {
      this.#waiting.delete(this.#turn++);
      const next = this.#waiting.get(this.#turn);
      for (const line of next?.lines.splice(0) ?? []) this.#write(line);
    }
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
