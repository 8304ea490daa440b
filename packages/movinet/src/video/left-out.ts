import { bounded, printable } from "../common/printable.ts";

/** Files or folders of one kind that a folder scan skipped. Plain JSON data. */
export interface LeftOut {
  /** An extension such as `.jpg`, or a description: `hidden file`, `folder behind a symlink`, … */
  readonly kind: string;
  readonly count: number;
  /** The first paths, at most five. */
  readonly examples: readonly string[];
}

const mostExamples = 5;
/** Kinds listed separately in a line; the others are counted together. */
const mostKinds = 8;

/** Kinds other than extensions, in display order: before the extensions, because they are less expected. */
const odd: Readonly<Record<string, readonly [one: string, more: string]>> = {
  "folder behind a symlink": ["folder behind a symlink", "folders behind symlinks"],
  "hidden folder": ["hidden folder", "hidden folders"],
  "hidden file": ["hidden file", "hidden files"],
  "broken symlink": ["broken symlink", "broken symlinks"],
  "special file": ["special file", "special files"],
  "without an extension": ["without an extension", "without an extension"],
};

/** Collects what scans skip, in constant memory. */
export class LeftOutCounts {
  readonly #kinds = new Map<string, { count: number; examples: string[] }>();

  add(kind: string, path: string): void {
    this.addAll([{ kind, count: 1, examples: [path] }]);
  }

  addAll(leftOut: readonly LeftOut[]): void {
    for (const { kind, count, examples } of leftOut) {
      const entry = this.#kinds.get(kind) ?? { count: 0, examples: [] };
      entry.count += count;
      entry.examples.push(...examples.slice(0, mostExamples - entry.examples.length));
      this.#kinds.set(kind, entry);
    }
  }

  /** Counts by kind: special ones first, then extensions, the most frequent first. */
  list(): readonly LeftOut[] {
    const place = (kind: string) => {
      const at = Object.keys(odd).indexOf(kind);
      return at === -1 ? Number.POSITIVE_INFINITY : at;
    };
    const kinds = Array.from(this.#kinds, ([kind, entry]): LeftOut => ({ kind, ...entry }));
    return kinds.sort((a, b) => {
      const [first, second] = [place(a.kind), place(b.kind)];
      if (first !== second) return first - second;
      return b.count - a.count || (a.kind < b.kind ? -1 : 1);
    });
  }
}

/**
 * What was skipped, in a line: `skipped 12: 1 folder behind a symlink (more), 8 .jpg (a.jpg, b.jpg, …), 3 .txt`. At
 * most five names; `nameOf` shortens a path. Empty if nothing was skipped.
 */
export function leftOutText(leftOut: readonly LeftOut[], nameOf: (path: string) => string = (path) => path): string {
  if (leftOut.length === 0) return "";
  let room = mostExamples;
  const told = leftOut.slice(0, mostKinds).map(({ kind, count, examples }) => {
    const names = examples.slice(0, room).map((path) => printable(bounded(nameOf(path), 100)));
    room -= names.length;
    const shown = printable(bounded(kind, 40));
    const [one, more] = odd[kind] ?? [shown, shown];
    const named = names.length === 0 ? "" : ` (${[...names, ...(names.length < count ? ["…"] : [])].join(", ")})`;
    return `${count} ${count === 1 ? one : more}${named}`;
  });
  const total = (kinds: readonly LeftOut[]) => kinds.reduce((sum, { count }) => sum + count, 0);
  const others = total(leftOut.slice(mostKinds));
  return `skipped ${total(leftOut)}: ${[...told, ...(others > 0 ? [`${others} others`] : [])].join(", ")}`;
}
