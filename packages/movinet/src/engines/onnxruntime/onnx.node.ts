import { availableParallelism } from "node:os";
import { MovinetError } from "../../common/errors.ts";
import { requirePeer } from "../../common/modules.node.ts";
import type { Engine } from "../engine.ts";
import { probeSpec } from "../probe.ts";
import { checkThreads } from "../threads.ts";
import { bindingRuntime } from "./binding.ts";
import { cRuntime } from "./c-runtime.node.ts";
import { type OnnxRuntime, onnxEngine, runOnce } from "./onnx.ts";

export interface NodeEngineOptions {
  /** An execution provider of ONNX Runtime: `cpu`, or for example `cuda`, `coreml`, `dml`, `webgpu`. Default `cpu`. */
  readonly device?: string | undefined;
  /** Threads of one run. Default: the machine's cores, at most 4. */
  readonly threads?: number | undefined;
  /** Compute on a thread of the pool that Node has for files, so that the event loop stays free. For the CPU. Default false. */
  readonly background?: boolean | undefined;
  /**
   * How the CPU kernels are called. Default: through the C API, or, if that is not possible, through the package's
   * binding.
   */
  readonly call?: "c-api" | "binding" | undefined;
}

/**
 * Turns off the telemetry that ONNX Runtime 1.30 enables by default: an ID kept on disk, uploads about runs. It reads
 * the environment once, when loaded, and only the main thread can change that.
 */
export function keepQuiet(): void {
  process.env["ORT_DISABLE_TELEMETRY"] ??= "1";
}

/**
 * ONNX Runtime's Node package. Its threads do not spin, which would starve the video decoder. Throws
 * {@link MovinetError}: `E_DEPENDENCY_MISSING`, `E_DEVICE_UNAVAILABLE` for a device that cannot run a small network here.
 */
export async function nodeEngine(options: NodeEngineOptions = {}): Promise<Engine> {
  const { ort, device, threads, session } = prepare(options);
  const binding = bindingRuntime(ort, session);
  if (device !== "cpu") {
    const engine = onnxEngine(`onnxruntime-node ${device}`, binding, false);
    await proveDevice(engine, device);
    return engine;
  }
  const { runtime, warnings } = cpuRuntime(binding, { ...options, threads });
  return { ...onnxEngine("onnxruntime-node cpu", runtime, true), warnings };
}

function cpuRuntime(
  binding: OnnxRuntime,
  { call, threads, background = false }: NodeEngineOptions & { readonly threads: number },
): { readonly runtime: OnnxRuntime; readonly warnings: readonly string[] } {
  if (call === "binding") return { runtime: binding, warnings: [] };
  try {
    // Only the binding reports the dimensions of a file's tensors.
    return { runtime: { ...cRuntime({ threads, background }), open: binding.open }, warnings: [] };
  } catch (cause) {
    if (call === "c-api") throw cause;
    const reason = (cause as Error).message;
    return {
      runtime: binding,
      warnings: [`using ONNX Runtime's slower JavaScript binding, because its C API is not available (${reason})`],
    };
  }
}

/** Runs a small network: a device in the build may lack its libraries, its driver or the hardware. */
async function proveDevice(engine: Engine, device: string): Promise<void> {
  const { graph, weights, inputs } = probeSpec();
  try {
    await runOnce(await engine.load({ graph, weights }), inputs);
  } catch (cause) {
    throw new MovinetError({
      code: "E_DEVICE_UNAVAILABLE",
      subject: device,
      problem: `ONNX Runtime supports this device, but it does not work here (${reasonOf(cause)})`,
      remedy: `${needs[device] ?? "Install its driver and libraries"}, or use device cpu`,
      cause,
    });
  }
}

/** Requirements of ONNX Runtime's own builds for devices. */
const needs: Readonly<Record<string, string>> = {
  cuda: "Install the NVIDIA driver, CUDA, cuDNN and ONNX Runtime's CUDA libraries",
  tensorrt: "Install the NVIDIA driver, CUDA, TensorRT and ONNX Runtime's TensorRT libraries",
  webgpu: "Install a driver for the graphics card (on Linux, with Vulkan)",
};

/** The end of the first line of a message, where ONNX Runtime says what happened. */
function reasonOf(cause: unknown): string {
  const [line = ""] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
  const reason = line.replace(/^.* was false\. /, "");
  return reason.length > longestReason ? `…${reason.slice(-longestReason)}` : reason;
}

const longestReason = 160;

/** The execution providers in the installed ONNX Runtime. */
export function onnxDevices(): readonly string[] {
  return loadOnnxRuntime()
    .listSupportedBackends()
    .map(({ name }) => name);
}

function loadOnnxRuntime() {
  keepQuiet();
  return requirePeer<typeof import("onnxruntime-node")>("onnxruntime-node");
}

function prepare(options: NodeEngineOptions) {
  const { device = "cpu", threads = Math.min(availableParallelism(), 4) } = options;
  checkThreads(threads);
  const ort = loadOnnxRuntime();
  // What it writes to standard error about a device that does not start is part of our own error.
  if (device !== "cpu") ort.env.logLevel = "fatal";
  const session = {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    // x64 processors without VNNI would clip products of int8 files at 16 bits. Others ignore it.
    extra: { session: { intra_op: { allow_spinning: "0" }, x64quantprecision: "1" } },
  } as const;
  return { ort, device, threads, session };
}
