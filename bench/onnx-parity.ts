/**
 * `node bench/onnx-parity.ts [CASE…]`: every golden case as an ONNX file, checked by onnx.checker and run in Python's ONNX
 * Runtime: the largest difference between logits and those of the reference implementation. `MOVINET_PYTHON` names a Python
 * with `onnx`, `onnxruntime` and `numpy`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { emitOnnx, onnxPrecisions } from "movinet";
import { allFigures, modelOfFigures } from "../packages/movinet/test/golden/figures.ts";

const python = process.env["MOVINET_PYTHON"] ?? "python3";
const script = fileURLToPath(new URL("peers/onnx-verify.py", import.meta.url));
const figuresFolder = fileURLToPath(new URL("../packages/movinet/test/golden/figures/", import.meta.url));
const chosen = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "movinet-onnx-"));
const path = join(folder, "model.onnx");
console.log("case,form,dtype,bytes,answers,difference");
for (const figures of allFigures) {
  if (chosen.length > 0 && !chosen.includes(figures.case)) continue;
  const plain = figures.case === `${figures.variant}-${figures.mode}`;
  const frames = figures.shape[1];
  for (const form of figures.mode === "base" ? (["clip"] as const) : (["step", "clip"] as const)) {
    for (const dtype of plain ? onnxPrecisions : (["float32"] as const)) {
      const bytes = emitOnnx(modelOfFigures(figures), { form, dtype, frames });
      writeFileSync(path, bytes);
      const golden = join(figuresFolder, `${figures.case}.json`);
      const { status, stdout, stderr } = spawnSync(python, [script, golden, path], { encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
      const [, , answers, difference] = stdout.trim().split(",");
      console.log([figures.case, form, dtype, bytes.length, answers, difference].join(","));
    }
  }
}
rmSync(folder, { recursive: true });
