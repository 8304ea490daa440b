/**
 * Steps of our TFLite files in native LiteRT: `node bench/tflite-latency.ts FOLDER [ROUNDS]`: A0–A3 in float32
 * compared with the official graphs in FOLDER (`a0_se_fp32.tflite`, …), in nine processes each, because the position
 * of a process in memory makes a difference of 3 %; ratios are medians of their medians. `MOVINET_PYTHON` is a Python
 * with `ai-edge-litert` and `numpy`.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { percentile } from "movinet/files";
import { emitTflite } from "movinet/formats";
import { buildGraph, defaultCard, randomWeights, specOf } from "movinet/graph";
import { row, runPeer, temporaryFolder } from "./material.ts";

const [official, rounds = "8"] = process.argv.slice(2);
if (!official) throw new TypeError("usage: node bench/tflite-latency.ts FOLDER [ROUNDS]");
const processes = 9;
const folder = temporaryFolder();
row("variant,form,cpuMs,wallMs,cpuRatio,wallRatio");
for (const variant of ["a0", "a1", "a2", "a3"]) {
  const spec = specOf(`${variant}-stream` as Parameters<typeof specOf>[0]);
  const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1);
  const files = [join(official, `${variant}_se_fp32.tflite`)];
  for (const form of ["step", "official"] as const) {
    files.push(join(folder, `${form}.tflite`));
    writeFileSync(files.at(-1) as string, emitTflite({ spec, weights, card: defaultCard(spec) }, { form }));
  }
  const runs = Array.from({ length: processes }, () =>
    runPeer("litert-latency.py", rounds, ...files).map((line) => JSON.parse(line) as Readonly<Record<string, number>>),
  );
  for (const [k, form] of ["google", "step", "official"].entries()) {
    const middle = (key: string) =>
      percentile(
        runs.map((rows) => rows[k]?.[key] as number),
        50,
      ).toFixed(3);
    row(variant, form, ...["cpuMs", "wallMs", "cpuRatio", "wallRatio"].map(middle));
  }
}
