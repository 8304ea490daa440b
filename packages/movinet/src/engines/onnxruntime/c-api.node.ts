import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { requirePeer, resolvePeer } from "../../common/modules.node.ts";

/** The address of an ONNX Runtime object. */
export type Handle = bigint;

/** What C functions accept as a pointer: an address, the memory of an array, or null. */
type Pointer = Handle | ArrayBufferView | null;

/** A status: null for success. */
type Status = Handle | null;

/**
 * The functions of ONNX Runtime's C API that we call. The function table only grows at its end, so positions in it are
 * stable (onnxruntime_c_api.h, `OrtApi`).
 */
export interface CFunctions {
  getErrorMessage(status: Handle): string;
  createEnv(level: number, id: string, env: Pointer): Status;
  disableTelemetryEvents(env: Handle): Status;
  createSessionFromArray: OnPool<
    (env: Handle, model: Pointer, bytes: number, options: Handle, session: Pointer) => Status
  >;
  run: OnPool<Run>;
  createSessionOptions(options: Pointer): Status;
  setSessionLogSeverityLevel(options: Handle, level: number): Status;
  setIntraOpNumThreads(options: Handle, threads: number): Status;
  setSessionGraphOptimizationLevel(options: Handle, level: number): Status;
  addInitializer(options: Handle, name: string, value: Handle): Status;
  addSessionConfigEntry(options: Handle, key: string, value: string): Status;
  createTensorWithData(
    memory: Handle,
    data: Pointer,
    bytes: number,
    dims: Pointer,
    rank: number,
    type: number,
    value: Pointer,
  ): Status;
  allocatorAlloc(allocator: Handle, bytes: number, address: Pointer): Status;
  allocatorFree(allocator: Handle, address: Handle): Status;
  createAllocator(session: Handle, memory: Handle, allocator: Pointer): Status;
  releaseAllocator(allocator: Handle): void;
  createCpuMemoryInfo(allocator: number, kind: number, memory: Pointer): Status;
  releaseStatus(status: Handle): void;
  releaseSession(session: Handle): void;
  releaseValue(value: Handle): void;
  releaseSessionOptions(options: Handle): void;
}

/** A function that also runs on a thread of Node's pool, and then reports its status. */
type OnPool<Call extends (...args: never[]) => Status> = Call & {
  readonly async: (...args: [...Parameters<Call>, Done]) => void;
};

type Done = (error: Error | null, status: Status) => void;

type Run = (
  session: Handle,
  options: null,
  inputNames: Pointer,
  inputs: Pointer,
  inputCount: number,
  outputNames: Pointer,
  outputCount: number,
  outputs: Pointer,
) => Status;

const pointer = "void *";
const text = "const char *";
/** By name: the position in the table, the result, the arguments. */
const signatures: Readonly<Record<keyof CFunctions, readonly [number, string, readonly string[]]>> = {
  getErrorMessage: [2, text, [pointer]],
  createEnv: [3, pointer, ["int", text, pointer]],
  disableTelemetryEvents: [6, pointer, [pointer]],
  createSessionFromArray: [8, pointer, [pointer, pointer, "size_t", pointer, pointer]],
  run: [9, pointer, [pointer, pointer, pointer, pointer, "size_t", pointer, "size_t", pointer]],
  createSessionOptions: [10, pointer, [pointer]],
  setSessionLogSeverityLevel: [22, pointer, [pointer, "int"]],
  setSessionGraphOptimizationLevel: [23, pointer, [pointer, "int"]],
  setIntraOpNumThreads: [24, pointer, [pointer, "int"]],
  createTensorWithData: [49, pointer, [pointer, pointer, "size_t", pointer, "size_t", "int", pointer]],
  allocatorAlloc: [75, pointer, [pointer, "size_t", pointer]],
  allocatorFree: [76, pointer, [pointer, pointer]],
  createAllocator: [131, pointer, [pointer, pointer, pointer]],
  releaseAllocator: [132, "void", [pointer]],
  createCpuMemoryInfo: [69, pointer, ["int", "int", pointer]],
  releaseStatus: [93, "void", [pointer]],
  releaseSession: [95, "void", [pointer]],
  releaseValue: [96, "void", [pointer]],
  releaseSessionOptions: [100, "void", [pointer]],
  addSessionConfigEntry: [130, pointer, [pointer, text, text]],
  addInitializer: [150, pointer, [pointer, text, pointer]],
};

/** The oldest version of the table with all of them. ONNX Runtime 1.x has version `x` and all earlier ones. */
const tableVersion = 17;

/** Receives the address of a created object. */
export function makeHandle(api: CApi, make: (into: BigUint64Array) => Status): Handle {
  const into = new BigUint64Array(1);
  api.check(make(into));
  return into[0] as Handle;
}

/** Limit of calls on the pool or waiting for it: koffi refuses more than 256 from all of its users. */
const mostOnPool = 128;
let onPoolNow = 0;
const waiting: (() => void)[] = [];

/** Makes a call on the pool, once there is room; rejects if its status is a failure. */
export async function onPool<Args extends unknown[]>(api: CApi, call: Pooled<Args>, ...args: Args): Promise<void> {
  if (onPoolNow === mostOnPool) await new Promise<void>((resolve) => waiting.push(resolve));
  else onPoolNow++;
  try {
    await callOnPool(api, call, args);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else onPoolNow--;
  }
}

interface Pooled<Args extends unknown[]> {
  readonly async: (...args: [...Args, Done]) => void;
}

function callOnPool<Args extends unknown[]>(api: CApi, call: Pooled<Args>, args: Args): Promise<void> {
  return new Promise((resolve, reject) => {
    call.async(...args, (error, status) => {
      // Keeps everything they point to alive until now.
      args.length = 0;
      try {
        if (error) throw error;
        resolve(api.check(status));
      } catch (failure) {
        reject(failure);
      }
    });
  });
}

/** The C API of the ONNX Runtime in `onnxruntime-node`, ready to use. */
export interface CApi extends CFunctions {
  readonly env: Handle;
  /** Describes this process's memory, */
  readonly memory: Handle;
  /** and the part a session uses for intermediate values. */
  readonly arena: Handle;
  /** Throws ONNX Runtime's message if a status is a failure. */
  check(status: Status): void;
  /** The folder of the library. */
  readonly folder: string;
  /** The address of an array's memory. */
  address(data: ArrayBufferView): bigint;
  /** Requests 2 MB pages; null: not available on this system. */
  readonly adviseHugePages: ((memory: Pointer, bytes: number) => void) | null;
}

/** C strings: their addresses, and the memory they are in. */
export class CTexts {
  readonly addresses: BigUint64Array;
  readonly #memory: Uint8Array;

  constructor(api: CApi, texts: readonly string[]) {
    this.#memory = Buffer.from(texts.map((one) => `${one}\0`).join(""));
    const begin = api.address(this.#memory);
    let at = 0;
    this.addresses = BigUint64Array.from(texts, (one) => {
      const address = begin + BigInt(at);
      at += Buffer.byteLength(one) + 1;
      return address;
    });
  }
}

let opened: CApi | null = null;

/** Opens it once for this thread. Throws if koffi or the library cannot be loaded, or is too old. */
export function openCApi(): CApi {
  opened ??= loadCApi();
  return opened;
}

function loadCApi(): CApi {
  const koffi = requirePeer<typeof import("koffi")>("koffi");
  const functionAt = (address: unknown, result: string, args: readonly string[]) =>
    koffi.decode(address, koffi.proto(result, [...args])) as (...args: readonly unknown[]) => unknown;
  const entry = (table: unknown, index: number) => koffi.decode(table, 8 * index, pointer) as unknown;
  const path = libraryPath();
  const base = koffi.load(path).func("OrtGetApiBase", pointer, [])() as unknown;
  // Asked for a version it does not have, it complains on standard error.
  const version = functionAt(entry(base, 1), text, [])() as string;
  const [major, minor] = version.split(".").map(Number);
  const table =
    major === 1 && (minor ?? 0) >= tableVersion && functionAt(entry(base, 0), pointer, ["uint32_t"])(tableVersion);
  if (!table) throw new Error(`ONNX Runtime ${version} does not provide the C API of version 1.${tableVersion}`);
  const functions = Object.fromEntries(
    Object.entries(signatures).map(([name, [index, result, args]]) => [
      name,
      functionAt(entry(table, index), result, args),
    ]),
  ) as unknown as CFunctions;
  const check = (status: Status) => {
    if (!status) return;
    const message = functions.getErrorMessage(status);
    functions.releaseStatus(status);
    throw new Error(message);
  };
  const none = {
    ...functions,
    check,
    folder: dirname(path),
    address: (data: ArrayBufferView) => koffi.address(data),
    adviseHugePages: hugePages(koffi),
    env: 0n,
    memory: 0n,
    arena: 0n,
  };
  const env = makeHandle(none, (into) => functions.createEnv(fatal, "movinet", into));
  check(functions.disableTelemetryEvents(env));
  const memoryOf = (allocator: number) =>
    makeHandle(none, (into) => functions.createCpuMemoryInfo(allocator, defaultMemory, into));
  return { ...none, env, memory: memoryOf(deviceAllocator), arena: memoryOf(arenaAllocator) };
}

function hugePages(koffi: typeof import("koffi")): CApi["adviseHugePages"] {
  if (process.platform !== "linux") return null;
  try {
    const madvise = koffi.load("libc.so.6").func("madvise", "int", [pointer, "size_t", "int"]);
    // If the system has none, it returns an error, and nothing changes.
    return (memory, bytes) => void madvise(memory, bytes, useHugePages);
  } catch {
    return null;
  }
}

/** `MADV_HUGEPAGE` of Linux. */
const useHugePages = 14;
/** The log level that keeps it quiet. */
export const fatal = 4;
/** Kinds of memory. */
const deviceAllocator = 0;
const arenaAllocator = 1;
const defaultMemory = 0;

/** Path of the library in `onnxruntime-node`. */
function libraryPath(): string {
  const { platform, arch } = process;
  const folder = join(
    dirname(resolvePeer("onnxruntime-node", "onnxruntime-node/package.json")),
    "bin",
    "napi-v6",
    platform,
    arch,
  );
  const names = { linux: "libonnxruntime.so.1", darwin: "libonnxruntime.1.dylib", win32: "onnxruntime.dll" } as const;
  const path = join(folder, names[platform as keyof typeof names] ?? "");
  if (!existsSync(path)) throw new Error(`onnxruntime-node has no library for ${platform} ${arch}`);
  return path;
}
