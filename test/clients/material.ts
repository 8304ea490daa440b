/** Files as `convert` writes them, and what the model says to the same frames: what every client must say, too. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { emitOnnx, emitTflite, readModel } from "movinet/formats";
import { buildGraph, defaultCard, specOf } from "movinet/graph";
import { type Engine, openEngine, Program } from "movinet/session";
import { hashedFrames, hashedWeights } from "../../packages/movinet/test/golden/material.ts";

type SpecName = Parameters<typeof specOf>[0];
type SpecOptions = Parameters<typeof specOf>[1];
type Model = Parameters<typeof emitTflite>[0];

export interface Case {
  readonly spec: SpecName;
  readonly options?: NonNullable<SpecOptions>;
  readonly format: "tflite" | "onnx";
  readonly form: "step" | "official" | "clip";
  readonly dtype: "float32" | "float16" | "dynamic_int8";
}

/** A case on the disk, as the clients of any language read it (`expected.json` of a folder is a list of these). */
export interface Written extends Case {
  readonly name: string;
  readonly file: string;
  readonly height: number;
  readonly width: number;
  /** float32, `[frames, height, width, 3]`, little-endian, RGB in 0..1. */
  readonly pictures: string;
  /** Of every frame; of a clip, one row. */
  readonly logits: readonly (readonly number[])[];
}

const frames = 4;
/** Small pictures: a client opens a file or does not, whatever its size. */
const small: SpecOptions = { classes: 10, resolution: { height: 64, width: 64 } };

export function nameOfCase({ spec, options = {}, form, dtype, format }: Case): string {
  const said = Object.values(options).map((value) => (typeof value === "object" ? JSON.stringify(value) : `${value}`));
  return [spec, ...said, form, dtype, format].join("-").replace(/[^\w-]+/g, "_");
}

/** Writes files, frames and expected answers into a folder. */
export async function writeCases(folder: string, cases: readonly Case[]): Promise<readonly Written[]> {
  mkdirSync(folder, { recursive: true });
  const engine = await openEngine({ device: "cpu" });
  const written: Written[] = [];
  for (const one of cases) {
    const spec = specOf(one.spec, { ...small, ...one.options });
    const weights = hashedWeights(buildGraph(spec, { form: "clip", frames: 1 }).params);
    const model = { spec, weights, card: { ...defaultCard(spec), ...(spec.mode === "base" && { frames }) } };
    const bytes = emit(model, one);
    const name = nameOfCase(one);
    const { height, width } = spec.resolution;
    const planes = hashedFrames(frames, height, width);
    const file = join(folder, `${name}.${one.format}`);
    const pictures = join(folder, `pictures-${height}x${width}.f32`);
    writeFileSync(file, bytes);
    writeFileSync(pictures, interleaved(planes, height * width));
    const logits = await answers(readModel(bytes, name), engine, planes, one.form);
    written.push({ ...one, name, file, height, width, pictures, logits });
  }
  writeFileSync(join(folder, "expected.json"), JSON.stringify(written));
  return written;
}

function emit(model: Model, { format, form, dtype }: Case): Uint8Array {
  if (format === "tflite") return emitTflite(model, { form, dtype, ...(form === "clip" && { frames }) });
  if (form === "official" || dtype === "dynamic_int8") throw new Error(`no ONNX file has the form ${form} in ${dtype}`);
  return emitOnnx(model, { form, dtype, ...(form === "clip" && { frames }) });
}

/** What the network of a file says, with the weights as the file rounds them. */
async function answers(model: Model, engine: Engine, planes: Float32Array, form: Case["form"]) {
  await using program = await Program.compile(model, engine);
  if (model.spec.mode === "base") return [[...(await (await program.openClip()).run(planes))]];
  const stream = await program.openStream();
  const rows: number[][] = [];
  for (let t = 0; t < frames; t++) {
    const size = planes.length / frames;
    rows.push([...((await stream.step(planes.subarray(t * size, (t + 1) * size))).logits as Float32Array)]);
  }
  return form === "clip" ? rows.slice(-1) : rows;
}

function interleaved(planes: Float32Array, pixels: number): Uint8Array {
  const values = planes.map((_, i) => {
    const [frame, within] = [Math.floor(i / (3 * pixels)), i % (3 * pixels)];
    return planes[frame * 3 * pixels + (within % 3) * pixels + Math.floor(within / 3)] as number;
  });
  return new Uint8Array(values.buffer);
}
