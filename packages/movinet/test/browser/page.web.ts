/** The page of the smoke test: steps a model that it fetched, through the library's browser entries. */
import { wasmEngine } from "../../src/engines/wasm/inference/engine.ts";
import { kernelModules } from "../../src/engines/wasm/inference/modules.ts";
import { readModel } from "../../src/index.formats.ts";
import { openEngine, Program } from "../../src/index.session.web.ts";

async function step(frames: number, device: string): Promise<number[]> {
  const bytes = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());
  const model = readModel(await bytes("/model.safetensors"), "model.safetensors");
  const images = new Float32Array((await bytes("/frames.bin")).buffer);
  const { simd } = kernelModules;
  const engine = device.includes("without")
    ? wasmEngine({ simd })
    : openEngine({ device, wasmPaths: device === "onnxruntime" ? "/ort/" : undefined });
  const program = await Program.compile(model, await engine);
  const session = await program.openStream();
  const picture = images.length / frames;
  let logits: Float32Array = new Float32Array();
  for (let t = 0; t < frames; t++) ({ logits } = await session.step(images.subarray(t * picture, (t + 1) * picture)));
  await program[Symbol.asyncDispose]();
  return [...logits];
}

Object.assign(globalThis, { step });
