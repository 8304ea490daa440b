/** Class names that are known without a file of labels. The lists are imported when they are asked for. */

const lists: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  "kinetics-600": async () => (await import("./kinetics600.ts")).kinetics600,
};

/** Files of others whose classes are known, by SHA-256, with their sizes in bytes. */
const files: Readonly<Record<string, { readonly size: number; readonly labels: keyof typeof lists }>> = {
  // Google's A0 stream, full int8.
  "6125b36e2485eeb5cc1fd6206cf5e5d70235593fbc84610d1dce97fe3aa9c2ac": { size: 3276048, labels: "kinetics-600" },
};

/** The class names of a data set, such as `kinetics-600`, in the order of the outputs of Google's models; null: unknown. */
export async function labelsNamed(name: string): Promise<readonly string[] | null> {
  return Object.hasOwn(lists, name) ? ((await lists[name]?.()) ?? null) : null;
}

/** The data sets of {@link labelsNamed} that have so many classes. */
export function dataSetsOf(classes: number): readonly string[] {
  return classes === 600 ? ["kinetics-600"] : [];
}

/** The class names of a file of others that we know; null where we do not. `sha256` is called for files of its size only. */
export async function labelsOfFile(size: number, sha256: () => Promise<string>): Promise<readonly string[] | null> {
  if (!Object.values(files).some((file) => file.size === size)) return null;
  const known = files[await sha256()];
  return known === undefined ? null : labelsNamed(known.labels);
}
