/** Allocates memory, in bytes, at multiples of 16: first fit over a list of holes. */
export class Space {
  end: number;
  readonly #holes: { at: number; bytes: number }[] = [];

  constructor(start: number) {
    this.end = start;
  }

  take(wanted: number): number {
    const bytes = Math.ceil(wanted / 16) * 16;
    const hole = this.#holes.find((candidate) => candidate.bytes >= bytes);
    if (!hole) {
      const last = this.#holes.at(-1);
      const extends_ = last !== undefined && last.at + last.bytes === this.end;
      const at = extends_ ? last.at : this.end;
      if (extends_) this.#holes.pop();
      this.end = at + bytes;
      return at;
    }
    const { at } = hole;
    hole.at += bytes;
    hole.bytes -= bytes;
    if (hole.bytes === 0) this.#holes.splice(this.#holes.indexOf(hole), 1);
    return at;
  }

  free(at: number, size: number): void {
    const bytes = Math.ceil(size / 16) * 16;
    let i = this.#holes.findIndex((hole) => hole.at > at);
    if (i < 0) i = this.#holes.length;
    this.#holes.splice(i, 0, { at, bytes });
    for (const j of [i, i - 1]) {
      const [low, high] = [this.#holes[j], this.#holes[j + 1]];
      if (low && high && low.at + low.bytes === high.at) {
        low.bytes += high.bytes;
        this.#holes.splice(j + 1, 1);
      }
    }
  }
}
