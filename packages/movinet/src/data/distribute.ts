import type { Random } from "../common/random.ts";
import type { Sample } from "./dataset.ts";

/** An item to distribute: its classes should keep their proportions; with several, it counts for each. */
export type Labelled = Pick<Sample, "classes">;

/** A part to distribute groups to. */
export interface Part {
  /** Its share of the samples, above 0; the shares of all parts sum to 1. */
  readonly share: number;
  /** Whether it is held out from training: it should not have all samples of a class. */
  readonly heldOut: boolean;
}

/** Cost of a class that is held out completely: more than any imbalance. */
const wholeClass = 1e6;
/**
 * Allowed excess over the smallest imbalance per class and part, so that seeds have a choice: a small share of the 1
 * expected for a random draw (χ²).
 */
const tolerance = 0.05;
/** Number of groups that each group tries to swap with per pass. */
const mostPartners = 24;
const mostPasses = 20;
/** Draws to find the smallest imbalance: fewer if there are many groups, which are easy to balance. */
const mostDraws = 40;
const mostTries = 60_000;

/**
 * Assigns each group to a part, at random among the best-balanced partitions. Imbalance is the χ² of the parts'
 * samples of each class, and of all samples, against their shares; if possible, no held-out part contains a class
 * completely. Groups are placed in random order, then moved and swapped while that helps: the best of several such
 * draws shows what is possible, and the next draw that comes close is used. No part stays empty while there are groups
 * for it.
 *
 * @returns for each group the index of its part.
 */
export function distribute(
  groups: readonly (readonly Labelled[])[],
  parts: readonly Part[],
  random: Random,
): readonly number[] {
  const partition = new Partition(groups, parts, random);
  const slack = tolerance * partition.cells * parts.length;
  const tries = groups.length * (parts.length + Math.min(groups.length, mostPartners));
  const draws = Math.max(2, Math.min(mostDraws, Math.floor(mostTries / tries)));
  let best = partition.draw(slack);
  for (let i = 1; i < draws && best.cost > slack; i++) best = cheaper(best, partition.draw(slack));
  const enough = best.cost + slack;
  for (let i = 0; i < draws; i++) {
    const other = partition.draw(enough);
    if (other.cost <= enough) return other.parts;
  }
  return best.parts;
}

const cheaper = (a: Draw, b: Draw) => (b.cost < a.cost ? b : a);

interface Draw {
  readonly parts: readonly number[];
  readonly cost: number;
}

/** A group as counts: per class, and of all its samples. */
interface Counts {
  readonly cells: readonly number[];
  readonly counts: readonly number[];
}

/** An assignment of groups to parts that can be redrawn and improved. */
class Partition {
  /** Classes that occur, and one cell for all samples together. */
  readonly cells: number;
  readonly #groups: readonly Counts[];
  readonly #totals: Float64Array;
  readonly #parts: readonly Part[];
  readonly #random: Random;
  /** Samples per part and cell. */
  readonly #filled: Float64Array;
  /** Groups per part. */
  readonly #members: number[];
  readonly #partOf: number[];

  constructor(groups: readonly (readonly Labelled[])[], parts: readonly Part[], random: Random) {
    const cellOf = new Map<number, number>();
    for (const group of groups) {
      for (const { classes } of group) for (const c of classes) if (!cellOf.has(c)) cellOf.set(c, cellOf.size);
    }
    this.cells = cellOf.size + 1;
    this.#groups = groups.map((group) => countsOf(group, cellOf));
    this.#totals = new Float64Array(this.cells);
    for (const { cells, counts } of this.#groups)
      for (const [i, cell] of cells.entries()) this.#totals[cell]! += counts[i]!;
    this.#parts = parts;
    this.#random = random;
    this.#filled = new Float64Array(parts.length * this.cells);
    this.#members = parts.map(() => 0);
    this.#partOf = groups.map(() => -1);
  }

  /** Places all groups in random order, and improves until the cost is at most `enough` or nothing helps. */
  draw(enough: number): Draw {
    let cost = this.#place();
    for (let pass = 0; pass < mostPasses && cost > enough; pass++) {
      const before = cost;
      for (const g of this.#order()) {
        cost += this.#move(g) || this.#swap(g);
        if (cost <= enough) break;
      }
      if (cost === before) break;
    }
    return { parts: [...this.#partOf], cost };
  }

  #order(): readonly number[] {
    return this.#random.shuffle(this.#groups.map((_, g) => g));
  }

  /** Puts each group into the cheapest part; returns the total cost. */
  #place(): number {
    this.#filled.fill(0);
    this.#members.fill(0);
    let cost = 0;
    for (const { share } of this.#parts) for (const total of this.#totals) cost += share * total;
    const order = this.#order();
    for (const [placed, g] of order.entries()) {
      const empty = this.#members.filter((count) => count === 0).length;
      const mustFill = order.length - placed <= empty;
      cost += this.#put(
        g,
        this.#cheapest(g, (part) => !mustFill || this.#members[part] === 0),
      );
    }
    return cost;
  }

  /** Moves a group to a better part; returns the change of cost, 0 if none is better. */
  #move(g: number): number {
    const from = this.#partOf[g]!;
    if (this.#members[from] === 1) return 0;
    const saved = this.#take(g);
    const to = this.#cheapest(g, () => true);
    const change = saved + this.#put(g, to);
    if (change < -1e-9) return change;
    this.#take(g);
    this.#put(g, from);
    return 0;
  }

  /** Swaps a group with one of several random others, if that helps; returns the change of cost. */
  #swap(g: number): number {
    const count = this.#groups.length;
    const first = this.#random.below(count);
    for (let i = 0; i < Math.min(count, mostPartners); i++) {
      const other = (first + i) % count;
      const [here, there] = [this.#partOf[g]!, this.#partOf[other]!];
      if (here === there) continue;
      const change = this.#take(g) + this.#take(other) + this.#put(g, there) + this.#put(other, here);
      if (change < -1e-9) return change;
      this.#take(g);
      this.#take(other);
      this.#put(g, here);
      this.#put(other, there);
    }
    return 0;
  }

  #cheapest(g: number, allowed: (part: number) => boolean): number {
    let [best, least] = [-1, Number.POSITIVE_INFINITY];
    for (let part = 0; part < this.#parts.length; part++) {
      if (!allowed(part)) continue;
      const cost = this.#change(g, part, 1);
      if (cost < least) [best, least] = [part, cost];
    }
    return best;
  }

  #put(g: number, part: number): number {
    return this.#apply(g, part, 1);
  }

  #take(g: number): number {
    return this.#apply(g, this.#partOf[g]!, -1);
  }

  #apply(g: number, part: number, sign: 1 | -1): number {
    const change = this.#change(g, part, sign);
    const { cells, counts } = this.#groups[g]!;
    for (let i = 0; i < cells.length; i++) this.#filled[part * this.cells + cells[i]!]! += sign * counts[i]!;
    this.#members[part]! += sign;
    this.#partOf[g] = sign === 1 ? part : -1;
    return change;
  }

  /** The change of cost when a group joins or leaves a part. */
  #change(g: number, part: number, sign: 1 | -1): number {
    const { share, heldOut } = this.#parts[part]!;
    const { cells, counts } = this.#groups[g]!;
    let change = 0;
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!;
      const total = this.#totals[cell]!;
      const wanted = share * total;
      const before = this.#filled[part * this.cells + cell]!;
      const after = before + sign * counts[i]!;
      change += ((after - wanted) ** 2 - (before - wanted) ** 2) / wanted;
      if (heldOut && after === total) change += wholeClass;
      if (heldOut && before === total) change -= wholeClass;
    }
    return change;
  }
}

function countsOf(group: readonly Labelled[], cellOf: ReadonlyMap<number, number>): Counts {
  const counts = new Map<number, number>([[cellOf.size, group.length]]);
  for (const { classes } of group) {
    for (const c of classes) counts.set(cellOf.get(c)!, (counts.get(cellOf.get(c)!) ?? 0) + 1);
  }
  return { cells: [...counts.keys()], counts: [...counts.values()] };
}
