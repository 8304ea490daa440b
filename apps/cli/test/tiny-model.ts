import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { writeModel } from "movinet/formats";
import { buildGraph, defaultCard, randomWeights, type Spec, specOf } from "movinet/graph";

const kernel = { time: 3, space: 3 } as const;

/** Writes a model of two blocks for 32 × 32 pixels, with random weights, as if it were of the network `name`. */
export async function writeTinyModel(
  file: string,
  labels: readonly string[] | null,
  name: Parameters<typeof specOf>[0] = "a0-stream",
): Promise<void> {
  const spec: Spec = {
    ...specOf(name, { classes: labels?.length ?? 8, resolution: { height: 32, width: 32 } }),
    stem: 8,
    blocks: [
      { filters: 8, stride: 2, layers: [{ expand: 16, kernel }] },
      { filters: 16, stride: 2, layers: [{ expand: 16, kernel }] },
    ],
    head: 32,
    hidden: 32,
  };
  const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, writeModel({ spec, weights, card: { ...defaultCard(spec), name: "tiny", labels } }));
}
