import { availableParallelism } from "node:os";
import { importPeer, MovinetError } from "../../errors.ts";
import type { Backend } from "./backend.ts";
import { onnxBackend } from "./onnx.ts";
import type { OnnxFile } from "./onnx-file.ts";
import { openOnnxFile } from "./open-onnx-file.ts";

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

/** ONNX Runtime's Node package. Its threads do not spin: they would starve the video decoder. */
export async function nodeBackend(options: NodeBackendOptions = {}): Promise<Backend> {
  const { ort, device, session } = await prepare(options);
  return onnxBackend(`onnxruntime-node ${device}`, ort, session, device === "cpu");
}

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
