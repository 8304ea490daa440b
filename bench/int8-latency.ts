/**
 * Steps of int8 files compared with float32: `node bench/int8-latency.ts [ROUNDS] > results/int8-latency.csv`: A0 without
 * squeeze-and-excitation, with the weights of Google's int8 file, in native LiteRT next to that file, and as ONNX in ONNX
 * Runtime, one thread. Nine processes each, as in `tflite-latency.ts`; ratios are medians of their medians. `MOVINET_PYTHON`
 * is a Python with `ai-edge-litert`, `onnxruntime` and `numpy`.
 */
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { openModel, percentile } from "movinet/files";
import { emitOnnx, emitTflite } from "movinet/formats";
import { officialModel } from "../packages/movinet/test/shared.ts";
import { machine, processor, row, runPeer, temporaryFolder } from "./material.ts";
import { quantizedOnScenes } from "./quantized.ts";

const [rounds = "8"] = process.argv.slice(2);
const processes = 9;
const folder = temporaryFolder();
const model = await quantizedOnScenes(await openModel(officialModel));

const dtypes = ["float32", "int8"] as const;
const tflite = (["step", "official"] as const).flatMap((form) =>
  dtypes.map((dtype) => [`${form} ${dtype}`, emitTflite(model, { form, dtype })] as const),
);
const onnx = dtypes.map((dtype) => [`step ${dtype}`, emitOnnx(model, { dtype })] as const);

row("machine,processor,load,runtime,file,cpuMs,wallMs,cpuRatio,wallRatio");
measure("LiteRT", "litert-latency.py", [["google int8", officialModel], ...written(tflite, ".tflite")]);
measure("ONNX Runtime", "onnx-latency.py", written(onnx, ".onnx"));

function written(files: readonly (readonly [string, Uint8Array])[], ending: string) {
  return files.map(([name, bytes]): readonly [string, string] => {
    const path = join(folder, name.replace(" ", "-") + ending);
    writeFileSync(path, bytes);
    return [name, path];
  });
}

/** The first file is the base of the ratios. */
function measure(runtime: string, peer: string, files: readonly (readonly [string, string])[]): void {
  const [load] = loadavg();
  const runs = Array.from({ length: processes }, () =>
    runPeer(peer, rounds, ...files.map(([, path]) => path)).map(
      (line) => JSON.parse(line) as Readonly<Record<string, number>>,
    ),
  );
  for (const [k, [name]] of files.entries()) {
    const middle = (key: string) =>
      percentile(
        runs.map((rows) => rows[k]?.[key] as number),
        50,
      ).toFixed(3);
    const measured = ["cpuMs", "wallMs", "cpuRatio", "wallRatio"].map(middle);
    row(machine, `"${processor}"`, load?.toFixed(1), runtime, name, ...measured);
  }
}
