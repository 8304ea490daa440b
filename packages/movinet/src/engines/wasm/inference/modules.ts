/** Modules by name, the better first: each as base64, which is loaded when it is asked for. */
export type KernelModules = Readonly<Record<string, () => Promise<string>>>;

/** The modules of the kernels, the faster first: with relaxed SIMD, and with plain SIMD alone. */
export const kernelModules = {
  relaxed: async () => (await import("./kernels-relaxed.ts")).kernels,
  simd: async () => (await import("./kernels-simd.ts")).kernels,
} as const;

/** The module for several threads. */
export const threadedModules = {
  threads: async () => (await import("./kernels-threads.ts")).kernels,
} as const;
