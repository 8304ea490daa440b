/** Sets of the numbers 0 .. `count` − 1, merged step by step (union–find). */
export class DisjointSets {
  readonly #parent: number[];

  constructor(count: number) {
    this.#parent = Array.from({ length: count }, (_, i) => i);
  }

  /** The smallest member of the set of `i`. */
  rootOf(i: number): number {
    let root = i;
    while (this.#parent[root] !== root) root = this.#parent[root]!;
    for (let at = i; at !== root; ) [at, this.#parent[at]] = [this.#parent[at]!, root];
    return root;
  }

  join(a: number, b: number): void {
    const [one, other] = [this.rootOf(a), this.rootOf(b)];
    this.#parent[Math.max(one, other)] = Math.min(one, other);
  }

  /** The sets, each in ascending order, sorted by their smallest members. */
  all(): readonly (readonly number[])[] {
    return [...Map.groupBy(this.#parent.keys(), (i) => this.rootOf(i)).values()];
  }
}
