import { type OnnxGraph, type OnnxTensor, writeOnnx } from "../../formats/onnx/proto.ts";
import { blockProbe } from "../../formats/onnx/write/blocked.ts";
import type { Graph } from "../../graph/ir.ts";
import { type CApi, CTexts, fatal, type Handle, makeHandle, onPool, openCApi } from "./c-api.node.ts";
import { CExecutable } from "./c-executable.node.ts";
import { CConstants, widenArena } from "./c-memory.node.ts";
import { CMemory, Dimensions, freeHeld, type Held, makeValue } from "./c-tensor.node.ts";
import type { Layout } from "./layout.ts";
import type { OnnxRuntime } from "./onnx.ts";

export interface CRuntimeOptions {
  readonly threads: number;
  /** Run on a thread of Node's pool, so that the event loop stays responsive. */
  readonly background: boolean;
}

/** ONNX Runtime's CPU kernels through its C API, for emitted models. Throws if it cannot be called. */
export function cRuntime({ threads, background }: CRuntimeOptions): Omit<OnnxRuntime, "open"> {
  const api = openCApi();
  const options = { background, dimensions: new Dimensions() };
  return {
    async load({ onnx, weights, graph, layout }) {
      if (onnx instanceof Uint8Array) {
        const held = await openSession(api, { model: onnx, level: everything, threads });
        return new CExecutable(held, { graph, layout }, options);
      }
      const largest = largestMap(graph, layout);
      // A classifier, one per number of rows, needs no threads of its own.
      const own = largest < smallMap ? 1 : threads;
      const held = await openWithConstants(api, onnx, CConstants.of(api, weights), own);
      try {
        widenArena(api, held.session, mapsAtOnce * largest);
        return new CExecutable(held, { graph, layout }, options);
      } catch (error) {
        freeHeld(held);
        throw error;
      }
    },
    async block() {
      const held = await openSession(api, { model: blockProbe(), level: nothing, threads: 1 });
      try {
        return blockSizes.find((size) => fitsBlock(held, size)) ?? 1;
      } finally {
        freeHeld(held);
      }
    },
    constants: (weights) => CConstants.of(api, weights).known,
  };
}

/** Roughly this many of the largest maps exist between nodes at a time. */
const mapsAtOnce = 3;

/** Bytes of a map that one thread processes at once. */
const smallMap = 2 ** 18;

/** Bytes of the largest map in a graph, for all streams. */
function largestMap({ shapes }: Graph, { streams }: Layout): number {
  const sizes = Object.values(shapes).map(({ channels, height, width }) => 4 * channels * height * width);
  return Math.max(0, ...sizes) * (streams === "any" ? 1 : streams);
}

/** Block sizes (in channels) that processors have. */
const blockSizes = [16, 8, 4];

/** Optimization levels. */
const nothing = 0;
const everything = 99;

interface Opening {
  readonly model: Uint8Array;
  readonly level: number;
  readonly threads: number;
  /** The external constants. */
  readonly constants?: readonly OnnxTensor[];
}

let takesConstants = true;

/**
 * A session that reads its model's constants from our memory, or, if ONNX Runtime does not support that, from the
 * model.
 */
async function openWithConstants(api: CApi, onnx: OnnxGraph, shared: CConstants, threads: number): Promise<Held> {
  if (takesConstants) {
    try {
      const constants = shared.adopt(onnx.initializers);
      return await openSession(api, { model: writeOnnx(onnx, {}, "outside"), level: nothing, threads, constants });
    } catch {
      const held = await openSession(api, { model: writeOnnx(onnx), level: nothing, threads });
      takesConstants = false;
      return held;
    }
  }
  return openSession(api, { model: writeOnnx(onnx), level: nothing, threads });
}

async function openSession(api: CApi, { model, level, threads, constants = [] }: Opening): Promise<Held> {
  const values = new Set<Handle>();
  const options = makeHandle(api, (into) => api.createSessionOptions(into));
  try {
    // Errors are reported as statuses.
    api.check(api.setSessionLogSeverityLevel(options, fatal));
    api.check(api.setIntraOpNumThreads(options, threads));
    api.check(api.setSessionGraphOptimizationLevel(options, level));
    api.check(api.addSessionConfigEntry(options, "session.intra_op.allow_spinning", "0"));
    if (constants.length > 0) {
      // The folder of external data must exist, though nothing is read there.
      api.check(api.addSessionConfigEntry(options, "session.model_external_initializers_file_folder_path", api.folder));
    }
    for (const { name, data, dims } of constants) {
      const value = makeValue(api, data as Float32Array, BigInt64Array.from(dims, BigInt));
      values.add(value);
      api.check(api.addInitializer(options, name, value));
    }
    const session = new BigUint64Array(1);
    await onPool(api, api.createSessionFromArray, api.env, model, model.byteLength, options, session);
    return { api, session: session[0] as Handle, constants, values, freed: false };
  } catch (error) {
    for (const value of values) api.releaseValue(value);
    throw error;
  } finally {
    api.releaseSessionOptions(options);
  }
}

/** Whether the kernels use blocks of this many channels: an output of other dimensions is refused. */
function fitsBlock(held: Held, size: number): boolean {
  const { api, session } = held;
  const memory = new CMemory(held, 0);
  const holding = (length: number) =>
    BigUint64Array.of(memory.take(length, (data) => data).value(BigInt64Array.of(1n, BigInt(length), 1n, 1n)));
  const [x, y] = [new CTexts(api, ["x"]), new CTexts(api, ["y"])];
  try {
    api.check(api.run(session, null, x.addresses, holding(4), 1, y.addresses, 1, holding(size)));
    return true;
  } catch {
    return false;
  }
}
