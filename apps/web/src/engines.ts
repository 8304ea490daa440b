/** The engines on offer, and the result of the check of the one that runs. */
import { short } from "./logic/format.ts";
import type { OpenModel } from "./messages.ts";

/** `auto`: our WebAssembly. `fastest`: that or WebGPU, whichever steps faster. */
export type EngineName = "auto" | "threads" | "fastest" | "webgpu" | "litert";

/** The bytes that an engine loads, once, when it is chosen. */
export const engineBytes = { onnxruntime: 26_834_971, litert: 9_640_969 } as const;

export interface Surroundings {
  /** Whether the page is cross-origin isolated. */
  readonly isolated: boolean;
  readonly cores: number;
  readonly gpu: boolean;
  /** Whether the model is a TFLite file. */
  readonly isTflite: boolean;
}

export interface EngineOffer {
  readonly name: EngineName;
  readonly label: string;
  /** Whether it can be chosen here. */
  readonly works: boolean;
}

export function enginesFor({ isolated, cores, gpu, isTflite }: Surroundings): readonly EngineOffer[] {
  const loads = (bytes: number) => `(loads ${Math.round(bytes / 1e6)} MB)`;
  const onnx = loads(engineBytes.onnxruntime);
  return [
    { name: "auto", label: "WebAssembly", works: true },
    {
      name: "threads",
      label: isolated ? `WebAssembly, ${threadsOf(cores)} threads` : "WebAssembly threads (not on this server)",
      works: isolated,
    },
    { name: "webgpu", label: gpu ? `WebGPU ${onnx}` : "WebGPU (no GPU here)", works: gpu },
    ...(gpu ? [{ name: "fastest", label: `Fastest ${onnx}`, works: true } as const] : []),
    {
      name: "litert",
      label: isTflite ? `LiteRT ${loads(engineBytes.litert)}` : "LiteRT (for .tflite files)",
      works: isTflite,
    },
  ];
}

/** Half the cores, at least two and at most four: more make a step slower, and the page needs some too. */
export function threadsOf(cores: number): number {
  return Math.min(4, Math.max(2, Math.floor(cores / 2)));
}

const names: readonly (readonly [RegExp, string])[] = [
  [/^wasm threads/, "WebAssembly threads"],
  [/^wasm/, "WebAssembly"],
  [/webgpu/, "WebGPU"],
  [/^LiteRT/, "LiteRT"],
];

/** What the check at the start found, in a line. */
export function receiptText({ name, trials }: OpenModel["engine"]): string {
  const named = (engine: string) => names.find(([pattern]) => pattern.test(engine))?.[1] ?? engine;
  const difference = trials.find(({ engine }) => engine === name)?.difference ?? null;
  const off = difference === null ? "" : `, answers within ${difference.toExponential(0)}`;
  const times = trials.flatMap(({ engine, ms }) => (ms === null ? [] : [`${named(engine)} ${short(ms)} ms`]));
  const measured = times.length === 0 ? "" : ` Per step: ${times.join(", ")}.`;
  return `${named(name)}: checked${off}.${measured}`;
}
