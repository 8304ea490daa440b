/// <reference lib="dom" />
/** The page's GPU, and what happens to work on it when it is lost. */
import { MovinetError } from "../../common/errors.ts";
import type { Guard } from "./binding.ts";

export interface Gpu {
  readonly device: GPUDevice;
  /** Fails with `E_DEVICE_LOST` once the device is lost, also for work that would never end. */
  readonly guard: Guard;
}

/** Limits that networks reach sooner than the least that every GPU has. */
const raised = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
] as const;

/** Whether the browser offers a GPU, and not a processor in its place. */
export async function hasGpu(): Promise<boolean> {
  const adapter = await adapterOf();
  // Older browsers do not tell.
  return adapter !== null && !adapter.info?.isFallbackAdapter;
}

/** The device of the page, shared by all sessions until it is lost. Throws {@link MovinetError} (`E_DEVICE_UNAVAILABLE`). */
export function openGpu(): Promise<Gpu> {
  current ??= requestGpu().catch((error: unknown) => {
    current = null;
    throw error;
  });
  return current;
}

let current: Promise<Gpu> | null = null;

async function adapterOf(): Promise<GPUAdapter | null> {
  if (!("gpu" in navigator)) return null;
  return navigator.gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
}

async function requestGpu(): Promise<Gpu> {
  const adapter = await adapterOf();
  if (adapter === null) {
    throw new MovinetError({
      code: "E_DEVICE_UNAVAILABLE",
      subject: "webgpu",
      problem: "this browser offers no GPU to pages",
      remedy: "Use device wasm, or a browser with WebGPU on a secure page, with hardware acceleration switched on",
    });
  }
  const requiredLimits = Object.fromEntries(raised.map((name) => [name, adapter.limits[name]]));
  const device = await adapter.requestDevice({ requiredLimits });
  let loss: MovinetError | null = null;
  const waiting = new Set<(error: MovinetError) => void>();
  const lost = device.lost.then(({ reason, message }) => {
    loss = lostError(reason === "destroyed" ? "it was destroyed" : message || "the browser does not say why");
    current = null;
    for (const reject of waiting) reject(loss);
  });
  const guard: Guard = async (work) => {
    if (loss !== null) throw loss;
    let give: (error: MovinetError) => void = () => {};
    const given = new Promise<never>((_, reject) => {
      give = reject;
      waiting.add(give);
    });
    try {
      return await Promise.race([work(), given]);
    } catch (error) {
      // The loss may be told a moment after the calls that it makes fail.
      await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, graceMs))]);
      throw loss ?? error;
    } finally {
      waiting.delete(give);
    }
  };
  return { device, guard };
}

const graceMs = 100;

function lostError(reason: string): MovinetError {
  return new MovinetError({
    code: "E_DEVICE_LOST",
    subject: "webgpu",
    problem: `the browser took the GPU away (${reason})`,
    remedy: "Open the model again, or use device wasm",
  });
}
