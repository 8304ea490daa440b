/**
 * `node bench/receipts.ts [VARIANT…] > results/receipts.csv`: every stream variant at its native size, with hashed
 * weights, as TFLite in both forms and all precisions and as ONNX, each compared on its own runtime with whole clips
 * of the network. File sizes are compared with their targets.
 */
import { buildGraph, defaultCard, specOf } from "movinet/graph";
import { openEngine } from "movinet/session";
import { convertModel } from "movinet/train";
import { specNames } from "../packages/movinet/src/arch/spec.ts";
import { hashedWeights } from "../packages/movinet/test/golden/material.ts";
import { row } from "./material.ts";

const chosen = process.argv.slice(2);
const engine = await openEngine();
const kinds = [
  ...(["official", "step"] as const).flatMap((form) =>
    (["float32", "float16", "dynamic_int8"] as const).map((dtype) => ({ format: "tflite", form, dtype }) as const),
  ),
  ...(["float32", "float16"] as const).map((dtype) => ({ format: "onnx", form: "step", dtype }) as const),
];
/** Bytes per parameter, and overhead. */
const aims = { float32: [4, 200e3], float16: [2, 200e3], dynamic_int8: [1.1, 250e3] } as const;

row(
  "model,format,form,dtype,runtime,bytes,aim,frames,spread,difference,error,allowed,correlation,sameClass",
  "nearestControl,controlError,pass,seconds",
);
for (const name of specNames.filter((spec) => spec.endsWith("-stream"))) {
  const spec = specOf(name);
  if (chosen.length > 0 && !chosen.includes(spec.variant)) continue;
  const { params } = buildGraph(spec, { form: "clip", frames: 1 });
  const weights = hashedWeights(params);
  const parameters = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
  const model = { spec, weights, card: defaultCard(spec) };
  for (const kind of kinds) {
    const started = performance.now();
    const { bytes, receipt } = await convertModel(model, { ...kind, name, resultName: kind.format, engine });
    const [check] = receipt.checks;
    const [factor, beside] = aims[kind.dtype];
    const aim = kind.format === "tflite" ? Math.round(factor * parameters + beside) : "";
    const nearest = receipt.controls.toSorted((a, b) => (a.error ?? 0) - (b.error ?? 0))[0];
    const judged = [
      receipt.spread?.toPrecision(3),
      check?.difference?.toExponential(1),
      check?.error?.toExponential(1),
      receipt.limits.error,
      check?.correlation?.toFixed(5),
      check?.sameClass,
    ];
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const made = [name, kind.format, kind.form, kind.dtype, check?.runtime, bytes.length, aim, receipt.frames];
    row(...made, ...judged, nearest?.name, nearest?.error?.toFixed(2), receipt.pass, seconds);
  }
}
