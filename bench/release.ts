/**
 * Size and speed of what Google released, for the table in the guide: `node bench/release.ts [ROUNDS [VARIANT…]] >
 * results/release.csv`: every stream variant in float32, float16 (hard swish, squeeze-and-excitation) and int8 (ReLU6, no
 * squeeze-and-excitation), one thread. Weights are random, except for A0 in the int8 network, which has those of Google's
 * file; so only its answers are counted, on the labelled clips. `MOVINET_PYTHON` is a Python with `ai-edge-litert`,
 * `onnxruntime` and `numpy`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { openModel, percentile } from "movinet/files";
import { emitOnnx, emitTflite } from "movinet/formats";
import { buildGraph, defaultCard, layersOf, randomWeights, specOf } from "movinet/graph";
import { openEngine, type Program } from "movinet/session";
import { specNames } from "../packages/movinet/src/arch/spec.ts";
import type { Model } from "../packages/movinet/src/model/model.ts";
import { officialModel } from "../packages/movinet/test/shared.ts";
import { accuracyOf, programOf } from "./labelled.ts";
import { machine, processor, row, runPeer, temporaryFolder } from "./material.ts";
import { quantizedOnClips, quantizedOnScenes, relu6 } from "./quantized.ts";

const [rounds = "5", ...chosen] = process.argv.slice(2);
const folder = temporaryFolder();
/** In turn, in Node; the first ones are not measured. */
const steps = 10;

type Dtype = "float32" | "float16" | "int8";

/** A row of the table, with its files. */
interface Contestant {
  readonly weights: "random" | "google";
  readonly network: "release" | "relu6";
  readonly dtype: Dtype;
  readonly model: Model;
  readonly tflite: string;
  /** None for Google's own file. */
  readonly onnx: string | null;
}

row(
  "machine,processor,load,variant,network,dtype,weights,input,macs,parameters,tfliteBytes,onnxBytes",
  "litertMs,onnxruntimeMs,litertjsMs,movinetMs,wasmMs,clips,top1,top5",
);
for (const name of specNames.filter((one) => one.endsWith("-stream"))) {
  const [variant = ""] = name.split("-");
  if (chosen.length > 0 && !chosen.includes(variant)) continue;
  const contestants = await contestantsOf(name, variant);
  const [load] = loadavg();
  const litert = times("litert-latency.py", contestants, ({ tflite }) => tflite);
  const onnx = times("onnx-latency.py", contestants, ({ onnx: file }) => file);
  const own = await ownTimes(contestants);
  for (const [k, one] of contestants.entries()) {
    const { spec } = one.model;
    const layers = layersOf(buildGraph(spec, { form: "step", frames: 1 }));
    const sum = (what: "macs" | "parameters") => layers.reduce((total, layer) => total + layer[what], 0);
    const bytes = (file: string | null) => (file === null ? "" : readFileSync(file).length);
    const right = one.weights === "google" ? await accuracyOf(readFileSync(one.tflite), one.model.card) : null;
    const about = [variant, one.network, one.dtype, one.onnx === null ? "google's file" : one.weights];
    const costs = [`${spec.resolution.width}x${spec.resolution.height}`, sum("macs"), sum("parameters")];
    const measured = [litert.get(one), onnx.get(one), ...(own[k] ?? [])].map((ms) => ms?.toFixed(2) ?? "");
    row(
      ...[machine, `"${processor}"`, load?.toFixed(1), ...about, ...costs, bytes(one.tflite), bytes(one.onnx)],
      ...measured,
      ...(right === null ? ["", "", ""] : [right.clips, right.top1, right.top5]),
    );
  }
}

async function contestantsOf(name: Parameters<typeof specOf>[0], variant: string): Promise<readonly Contestant[]> {
  const made = (
    network: Contestant["network"],
    weights: Contestant["weights"],
    model: Model,
    dtypes: readonly Dtype[],
  ) =>
    dtypes.map((dtype): Contestant => {
      const file = (ending: string, bytes: Uint8Array) => {
        const path = join(folder, `${variant}-${network}-${weights}-${dtype}${ending}`);
        writeFileSync(path, bytes);
        return path;
      };
      const tflite = file(".tflite", emitTflite(model, { dtype }));
      return { weights, network, dtype, model, tflite, onnx: file(".onnx", emitOnnx(model, { dtype })) };
    });
  const random = (options: Parameters<typeof specOf>[1]): Model => {
    const spec = specOf(name, options);
    return { spec, weights: randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1), card: defaultCard(spec) };
  };
  const release = made("release", "random", random({}), ["float32", "float16"]);
  if (variant !== "a0")
    return [...release, ...made("relu6", "random", await quantizedOnScenes(random(relu6)), ["int8"])];
  const google = await quantizedOnClips(await openModel(officialModel), "dataset/yoga6");
  const whole = { weights: "google", network: "relu6", dtype: "int8", model: google, tflite: officialModel } as const;
  return [...release, ...made("relu6", "google", google, ["float32", "float16", "int8"]), { ...whole, onnx: null }];
}

/** Milliseconds of processor time a step takes in a peer, by contestant. */
function times(peer: string, contestants: readonly Contestant[], fileOf: (one: Contestant) => string | null) {
  const files = contestants.flatMap((one) => {
    const path = fileOf(one);
    return path === null ? [] : [{ one, path }];
  });
  const lines = runPeer(peer, rounds, ...files.map(({ path }) => path));
  return new Map(files.map(({ one }, k) => [one, JSON.parse(lines[k] as string).cpuMs as number]));
}

/** The same in Node, for each contestant in LiteRT.js, and for float32 in ONNX Runtime and WebAssembly as movinet uses them. */
async function ownTimes(contestants: readonly Contestant[]): Promise<readonly (readonly (number | undefined)[])[]> {
  const engines = {
    litert: await openEngine({ device: "litert" }),
    cpu: await openEngine({ device: "cpu", threads: 1 }),
    wasm: await openEngine({ device: "wasm", threads: 1 }),
  };
  const ways = contestants.flatMap((one, k) =>
    (["litert", "cpu", "wasm"] as const).flatMap((device, way) =>
      device === "litert" || one.dtype === "float32" ? [{ one, k, device, way, ms: [] as number[] }] : [],
    ),
  );
  const programs: Program[] = [];
  const runs: (() => Promise<unknown>)[] = [];
  for (const { one, device } of ways) {
    const program = await programOf(one.model, device === "litert" ? readFileSync(one.tflite) : null, engines[device]);
    const stream = await program.openStream();
    const { height, width } = one.model.spec.resolution;
    const picture = new Float32Array(3 * height * width).fill(0.5);
    programs.push(program);
    runs.push(() => stream.step(picture));
    for (let i = 0; i < 2 * steps; i++) await runs.at(-1)?.();
  }
  for (let round = 0; round < Number(rounds); round++) {
    for (const [i, { ms }] of ways.entries()) {
      await runs[i]?.();
      const before = process.cpuUsage();
      for (let step = 0; step < steps; step++) await runs[i]?.();
      const { user, system } = process.cpuUsage(before);
      ms.push((user + system) / 1000 / steps);
    }
  }
  for (const program of programs) await program[Symbol.asyncDispose]();
  return contestants.map((_, k) =>
    [0, 1, 2].map((way) => {
      const found = ways.find((one) => one.k === k && one.way === way);
      return found && percentile(found.ms, 50);
    }),
  );
}
