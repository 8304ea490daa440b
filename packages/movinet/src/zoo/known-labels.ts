/** Class names known without a label file. The lists are imported on demand. */

import { zoo } from "./registry.ts";

const lists: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  "kinetics-600": async () => (await import("./kinetics600.ts")).kinetics600,
};

/** The class names of a label set, such as `kinetics-600`, in the output order of Google's models; null: unknown. */
export async function labelsNamed(name: string): Promise<readonly string[] | null> {
  return Object.hasOwn(lists, name) ? ((await lists[name]?.()) ?? null) : null;
}

/** The label sets of {@link labelsNamed} with this many classes. */
export function dataSetsOf(classes: number): readonly string[] {
  return classes === 600 ? ["kinetics-600"] : [];
}

/** The class names of a known third-party file, or null. `sha256` is called only for files of its size. */
export async function labelsOfFile(size: number, sha256: () => Promise<string>): Promise<readonly string[] | null> {
  const candidates = zoo.filter(({ file }) => file?.bytes === size);
  if (candidates.length === 0) return null;
  const found = await sha256();
  const known = candidates.find(({ file }) => file?.sha256 === found);
  return known?.labels ? labelsNamed(known.labels) : null;
}
