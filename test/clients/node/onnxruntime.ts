/**
 * An older onnxruntime-node on every ONNX file of a folder: prints the logits, name -> frame -> class, as JSON.
 * Usage: node onnxruntime.ts FOLDER PROJECT (the folder where it is installed). It runs in a process of its own, since two
 * versions of one native library do not go together.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Tensor } from "onnxruntime-node";
import type { WrittenOnnx } from "../onnx-cases.ts";

const [folder = "", project = ""] = process.argv.slice(2);
const ort = createRequire(join(project, "package.json"))("onnxruntime-node") as typeof import("onnxruntime-node");

const cases = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as readonly WrittenOnnx[];
const found: Record<string, number[][]> = {};
for (const one of cases) found[one.name] = one.form === "clip" ? [await clip(one)] : await steps(one);
console.log(JSON.stringify(found));

function tensor(data: Float32Array, dims: readonly number[]): Tensor {
  return new ort.Tensor("float32", data, dims);
}

function floatsOf(tensors: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const found = tensors[name];
  if (!found) throw new Error(`there is no ${name}`);
  return found.data as Float32Array;
}

/** `[frames, 3, height, width]` of the file's `[frames, height, width, 3]`. */
function planesOf({ pictures, height, width }: WrittenOnnx): Float32Array {
  const { buffer } = new Uint8Array(readFileSync(pictures));
  const values = new Float32Array(buffer);
  const pixels = height * width;
  return values.map((_, i) => {
    const [frame, channel, pixel] = [Math.floor(i / (3 * pixels)), Math.floor(i / pixels) % 3, i % pixels];
    return values[(frame * pixels + pixel) * 3 + channel] as number;
  });
}

function clocks({ inputs }: WrittenOnnx, ages: readonly number[]): Record<string, Tensor> {
  const values = { inverse_count: ages.map((age) => 1 / (age + 1)), position: ages };
  const known = Object.entries(values).filter(([name]) => name in inputs);
  return Object.fromEntries(
    known.map(([name, column]) => [name, tensor(Float32Array.from(column), [column.length, 1, 1, 1])]),
  );
}

async function clip(one: WrittenOnnx): Promise<number[]> {
  const session = await ort.InferenceSession.create(one.file);
  const planes = planesOf(one);
  const frames = planes.length / (3 * one.height * one.width);
  const image = tensor(planes, [frames, 3, one.height, one.width]);
  return [...floatsOf(await session.run({ image, ...clocks(one, [...Array(frames).keys()]) }), "logits")];
}

/** Slot k of a buffer is what slot k + 1 was before; a pool's output is added to its sum. */
async function steps(one: WrittenOnnx): Promise<number[][]> {
  const session = await ort.InferenceSession.create(one.file);
  const planes = planesOf(one);
  const size = 3 * one.height * one.width;
  let states: Record<string, Tensor> = {};
  for (const [name, shape] of Object.entries(one.inputs)) {
    const dims = [1, ...shape.slice(1)];
    if (name.startsWith("state_")) states[name] = tensor(new Float32Array(dims.reduce((a, b) => a * b)), dims);
  }
  const rows: number[][] = [];
  for (let age = 0; age * size < planes.length; age++) {
    const image = tensor(planes.slice(age * size, (age + 1) * size), [1, 3, one.height, one.width]);
    const out = await session.run({ image, ...clocks(one, [age]), ...states });
    rows.push([...floatsOf(out, "logits")]);
    const seen: Record<string, Tensor> = { ...states, ...out };
    states = Object.fromEntries(
      Object.entries(states).map(([name, before]) => {
        const slot = /^(.*_stream_buffer_)(\d+)$/.exec(name);
        if (slot) return [name, seen[`${slot[1]}${Number(slot[2]) + 1}`] as Tensor];
        const added = floatsOf(out, `${name}_frame`);
        const sum = floatsOf(states, name).map((value, i) => value + (added[i] as number));
        return [name, tensor(sum, before.dims)];
      }),
    );
  }
  return rows;
}
