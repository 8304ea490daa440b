import { availableParallelism } from "node:os";
import { importPeer, MovinetError } from "../../common/errors.ts";
import { outputOf } from "../../graph/ir.ts";
import type { Backend } from "../engine.ts";
import { onnxBackend } from "./onnx.ts";
import type { OnnxFile } from "./onnx-file.ts";
import { openOnnxFile } from "./open-onnx-file.ts";
import { probeSpec } from "./probe.ts";

export interface NodeBackendOptions {
  /** An execution provider of ONNX Runtime: `cpu`, or for example `cuda`, `coreml`, `dml`, `webgpu`. Default `cpu`. */
  readonly device?: string | undefined;
  /** Threads of one run. Default: the machine's cores, at most 4. */
  readonly threads?: number | undefined;
}

/**
 * Turns off what ONNX Runtime 1.30 reports to its maker unless told otherwise: an id kept on disk, an upload of what was
 * run. It reads the environment once, when it is loaded, and only the main thread can change that.
 */
export function keepQuiet(): void {
  process.env["ORT_DISABLE_TELEMETRY"] ??= "1";
}

/**
 * ONNX Runtime's Node package. Its threads do not spin: they would starve the video decoder. Throws {@link MovinetError}:
 * `E_DEPENDENCY_MISSING`, `E_DEVICE_UNKNOWN` for a device that this build does not have, `E_DEVICE_UNAVAILABLE` for one that
 * does not run a small network here.
 */
export async function nodeBackend(options: NodeBackendOptions = {}): Promise<Backend> {
  const { ort, device, session } = await prepare(options);
  const backend = onnxBackend(`onnxruntime-node ${device}`, ort, session, device === "cpu");
  if (device !== "cpu") await proveDevice(backend, device);
  return backend;
}

/** Runs a small network: what a build lists may lack its libraries, its driver or the hardware itself. */
async function proveDevice(backend: Backend, device: string): Promise<void> {
  const { graph, weights, inputs } = probeSpec();
  try {
    const executable = await backend.compile(graph, weights, { single: false });
    const feeds = Object.entries(inputs).map(([name, data]) => [name, executable.upload(name, data)] as const);
    const results = await executable.run(Object.fromEntries(feeds));
    await results[outputOf(executable.graph)]?.read();
    await executable.dispose();
  } catch (cause) {
    throw new MovinetError({
      code: "E_DEVICE_UNAVAILABLE",
      subject: device,
      problem: `ONNX Runtime has this device, but it does not work here (${reasonOf(cause)})`,
      remedy: `${needs[device] ?? "Install its driver and its libraries"}, or use the device cpu`,
      cause,
    });
  }
}

/** What ONNX Runtime's own build of a device needs. */
const needs: Readonly<Record<string, string>> = {
  cuda: "Install NVIDIA's driver, CUDA, cuDNN and ONNX Runtime's libraries for CUDA",
  tensorrt: "Install NVIDIA's driver, CUDA, TensorRT and ONNX Runtime's libraries for TensorRT",
  webgpu: "Install a driver of the graphics card (on Linux for Vulkan)",
};

/** The end of the first line of a message, where ONNX Runtime says what happened. */
function reasonOf(cause: unknown): string {
  const [line = ""] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
  const reason = line.replace(/^.* was false\. /, "");
  return reason.length > longestReason ? `…${reason.slice(-longestReason)}` : reason;
}

const longestReason = 160;

/**
 * Opens an ONNX file of ours as it is. Throws {@link ModelError}: `E_MODEL_FORMAT` for a damaged one, `E_MODEL_SIGNATURE` for
 * one that is not ours.
 */
export async function nodeOnnxFile(
  bytes: Uint8Array,
  subject: string,
  options: NodeBackendOptions = {},
): Promise<OnnxFile> {
  const { ort, session } = await prepare(options);
  return openOnnxFile(ort, bytes, subject, session);
}

async function prepare(options: NodeBackendOptions) {
  keepQuiet();
  const ort = await importPeer("onnxruntime-node", () => import("onnxruntime-node"));
  const { device = "cpu", threads = Math.min(availableParallelism(), 4) } = options;
  // What it writes on standard error about a device that does not start is said by an error of ours.
  if (device !== "cpu") ort.env.logLevel = "fatal";
  const supported = ort.listSupportedBackends().map((backend) => backend.name);
  if (!supported.includes(device)) {
    throw new MovinetError({
      code: "E_DEVICE_UNKNOWN",
      subject: device,
      problem: "this ONNX Runtime has no such device",
      remedy: `Use one of: ${supported.join(", ")}`,
    });
  }
  const session = {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  } as const;
  return { ort, device, session };
}
