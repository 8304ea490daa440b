/**
 * Trims the reference implementation's results to what the parity tests read: no weights (they are regenerated from
 * their names), every logit of the last frame but only the first twelve of the earlier ones. Usage: node
 * scripts/trim-golden.ts FOLDER_OF_RESULTS
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

interface Statistics {
  readonly shape: readonly number[];
  readonly mean: number;
  readonly std: number;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

const source = process.argv[2];
if (!source) throw new Error("usage: node scripts/trim-golden.ts FOLDER_OF_FIGURES");
const target = new URL("../packages/movinet/test/golden/figures/", import.meta.url);
await mkdir(target, { recursive: true });

for (const file of (await readdir(source)).sort()) {
  if (!file.endsWith(".json") || file.startsWith("pytorch")) continue;
  const {
    weights: _,
    input,
    logits,
    states,
    endpoints,
    finalStates,
    ...options
  } = JSON.parse(await readFile(join(source, file), "utf8"));
  const frames = Object.keys(logits as Record<string, number[]>).map(Number);
  const last = Math.max(...frames);
  const trimmed = {
    ...options,
    shape: input.shape,
    logits: Object.fromEntries(frames.map((t) => [t, t === last ? logits[t] : logits[t].slice(0, 12)])),
    ...(states
      ? {
          states: mapValues(
            states as Record<string, { shape: number[]; dtype: string }>,
            ({ shape, dtype }) => `${shape.join(",")} ${dtype}`,
          ),
        }
      : {}),
    ...(endpoints ? { endpoints: mapValues(endpoints, trimStatistics) } : {}),
    ...(finalStates ? { finalStates: mapValues(finalStates, trimStatistics) } : {}),
  };
  await writeFile(new URL(file, target), `${JSON.stringify(trimmed)}\n`);
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, f: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}

function trimStatistics({ shape, mean, std, first, last }: Statistics): Statistics {
  return { shape, mean, std, first: first.slice(0, 4), last: last.slice(-4) };
}
