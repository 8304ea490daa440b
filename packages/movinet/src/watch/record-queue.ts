/** Records between those who write them and the one who reads: writers wait while too many are unread. */
export class RecordQueue<Record> {
  readonly #most: number;
  readonly #records: Record[] = [];
  #ended = false;
  #error: { readonly error: unknown } | null = null;
  #wake = () => {};
  #room = () => {};
  #full: Promise<void> | null = null;

  /** @param most unread records. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Adds a record. Resolves once there is room for more. */
  async add(record: Record): Promise<void> {
    if (this.#ended) return;
    this.#records.push(record);
    this.#wake();
    if (this.#records.length < this.#most) return;
    this.#full ??= new Promise((resolve) => {
      this.#room = resolve;
    });
    await this.#full;
  }

  /** No more records come; with an error, the reader gets it after those that came before. */
  end(failure: { readonly error: unknown } | null = null): void {
    this.#ended = true;
    this.#error ??= failure;
    this.#wake();
    this.#makeRoom();
  }

  async *read(): AsyncGenerator<Record, void> {
    for (;;) {
      const next = this.#records.shift();
      if (next !== undefined) {
        if (this.#records.length < this.#most) this.#makeRoom();
        yield next;
      } else if (this.#error) throw this.#error.error;
      else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #makeRoom(): void {
    this.#room();
    this.#full = null;
  }
}
