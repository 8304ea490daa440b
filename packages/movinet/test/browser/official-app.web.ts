/**
 * Somebody else's program: LiteRT.js as its own documentation shows it, and the signature of the official files, nothing
 * of ours. Inputs go in by name, every state that came out goes in again under its name.
 */
import { type CompiledModel, loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";

const loading = loadLiteRt("/litert/");

function zeros(model: CompiledModel): Record<string, Tensor> {
  return Object.fromEntries(
    model.getInputDetails().map(({ name, shape, dtype }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, new Tensor(dtype === "int32" ? new Int32Array(size) : new Float32Array(size), shape)];
    }),
  );
}

/** Logits after each frame; `frames` are pictures `[H, W, 3]`, RGB in 0..1, one behind the other, as Base64. */
async function officialApp(url: string, frames: string): Promise<number[][]> {
  await loading;
  const model = await loadAndCompile(url, { accelerator: "wasm" });
  const pixels = new Float32Array(Uint8Array.from(atob(frames), (letter) => letter.charCodeAt(0)).buffer);
  const results: number[][] = [];
  let { image, ...states } = zeros(model);
  const shape = image.type.layout.dimensions;
  const size = shape.reduce((a: number, b: number) => a * b, 1);
  for (let at = 0; at < pixels.length; at += size) {
    image.delete();
    image = new Tensor(pixels.subarray(at, at + size), shape);
    const { logits, ...next } = await model.run({ ...states, image });
    for (const state of Object.values(states)) state.delete();
    states = next;
    results.push([...logits.toTypedArray()]);
    logits.delete();
  }
  model.delete();
  return results;
}

Object.assign(globalThis, { officialApp });
