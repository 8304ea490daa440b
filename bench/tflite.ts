/**
 * What our TFLite files give and take in native LiteRT. `MOVINET_PYTHON` names a Python with `ai-edge-litert` and `numpy`.
 *
 * `node bench/tflite.ts parity [CASE…]`: every golden case as every form, the plain ones in every precision, on three sets of
 * kernels: the largest difference between logits and those of the reference implementation.
 *
 * `node bench/tflite.ts latency FOLDER [ROUNDS]`: A0–A3 in float32 against the official graphs in FOLDER
 * (`a0_se_fp32.tflite`, …), in nine processes each, because where a process lies in memory decides 3 %; ratios are medians
 * of their medians.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildGraph, defaultCard, emitTflite, randomWeights, type SpecName, specOf, tflitePrecisions } from "movinet";
import { allFigures, modelOfFigures } from "../packages/movinet/test/golden/figures.ts";

const python = process.env["MOVINET_PYTHON"] ?? "python3";
const [command, ...rest] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "movinet-tflite-"));

function peer(script: string, args: readonly string[]): string[] {
  const path = fileURLToPath(new URL(`peers/${script}`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(python, [path, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split("\n");
}

function parity(names: readonly string[]): void {
  console.log("case,form,dtype,bytes,kernels,frames,difference");
  const path = join(folder, "model.tflite");
  for (const figures of allFigures) {
    if (names.length > 0 && !names.includes(figures.case)) continue;
    const golden = fileURLToPath(
      new URL(`../packages/movinet/test/golden/figures/${figures.case}.json`, import.meta.url),
    );
    const model = modelOfFigures(figures);
    const plain = figures.case === `${figures.variant}-${figures.mode}`;
    for (const form of figures.mode === "base" ? (["clip"] as const) : (["step", "official"] as const)) {
      for (const dtype of plain ? tflitePrecisions : (["float32"] as const)) {
        const bytes = emitTflite(model, { form, dtype, frames: figures.shape[1] });
        writeFileSync(path, bytes);
        for (const line of peer("litert-verify.py", [golden, path])) {
          const [, , kernels, frames, difference] = line.split(",");
          console.log([figures.case, form, dtype, bytes.length, kernels, frames, difference].join(","));
        }
      }
    }
  }
}

const processes = 9;

interface Row {
  readonly file: string;
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly cpuRatio: number;
  readonly wallRatio: number;
}

function latency(official: string, rounds: string): void {
  console.log("variant,form,cpuMs,wallMs,cpuRatio,wallRatio");
  for (const variant of ["a0", "a1", "a2", "a3"]) {
    const spec = specOf(`${variant}-stream` as SpecName);
    const weights = randomWeights(buildGraph(spec, { call: "clip", frames: 1 }), 1);
    const files = [join(official, `${variant}_se_fp32.tflite`)];
    for (const form of ["step", "official"] as const) {
      files.push(join(folder, `${form}.tflite`));
      writeFileSync(files.at(-1) as string, emitTflite({ spec, weights, card: defaultCard(spec) }, { form }));
    }
    const runs = Array.from({ length: processes }, () =>
      peer("litert-latency.py", [rounds, ...files]).map((line) => JSON.parse(line) as Row),
    );
    for (const [k, form] of ["google", "step", "official"].entries()) {
      const middle = (key: Exclude<keyof Row, "file">) =>
        runs.map((rows) => rows[k]?.[key] as number).sort((a, b) => a - b)[(processes - 1) / 2] as number;
      const figures = [middle("cpuMs"), middle("wallMs"), middle("cpuRatio"), middle("wallRatio")];
      console.log([variant, form, ...figures.map((value) => value.toFixed(3))].join(","));
    }
  }
}

try {
  if (command === "parity") parity(rest);
  else if (command === "latency" && rest[0]) latency(rest[0], rest[1] ?? "8");
  else throw new TypeError("usage: node bench/tflite.ts parity [CASE…] | latency FOLDER [ROUNDS]");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
