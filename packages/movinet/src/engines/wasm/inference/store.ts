import { MovinetError } from "../../../common/errors.ts";
import { Space } from "../space.ts";
import { operations } from "./calls.ts";
import { type Crew, type Run, runWith, type StartCrew } from "./crew.ts";

/** Rows of a matrix that are packed at a time stay in the processor's second cache. */
const stripBytes = 65_536;
const pageBytes = 65_536;
const mostPages = 65_536;
/** Where the numbers end that the kernels bring along. */
const dataBytes = 256;

/**
 * One memory with its kernels: the weights of a program, packed once whatever calls read them, the arena in which every
 * run works, and the tensors of sessions. Runs are synchronous, so that one arena serves all.
 */
export class Store {
  /** Anew after the memory has grown. */
  floats: Float32Array;
  words: Uint32Array;
  /** Frees places that were kept for later. */
  giveUpIdle: () => void = () => {};
  readonly threads: number;
  /** Where threads meet, 8 bytes; then the number of the run, and the addresses of each thread's calls. */
  readonly meeting: number;
  readonly #memory: WebAssembly.Memory;
  readonly #startCrew: StartCrew | null;
  readonly #crew: Crew | null;
  readonly #run: Run;
  readonly #space = new Space(dataBytes);
  readonly #weights = new Map<string, number>();
  #arena = { at: 0, bytes: 0 };

  constructor(kernels: WebAssembly.Module, startCrew: StartCrew | null = null) {
    this.#memory = memoryOf(startCrew !== null);
    const { exports } = new WebAssembly.Instance(kernels, { env: { memory: this.#memory } });
    this.#run = exports["run"] as Run;
    this.floats = new Float32Array(this.#memory.buffer);
    this.words = new Uint32Array(this.#memory.buffer);
    this.threads = startCrew?.threads ?? 1;
    this.meeting = this.take(8 + 4 + 4 * (this.threads + 1));
    this.#startCrew = startCrew;
    this.#crew = startCrew?.start(kernels, this.#memory, this.meeting + 8) ?? null;
  }

  get arena(): number {
    return this.#arena.at;
  }

  /** Makes the calls that stand between two addresses, in this thread. */
  run(from: number, end: number): void {
    this.#run(from, end, 0);
  }

  /** Makes each thread's calls; `bounds` are bytes from `at`. Throws {@link MovinetError} (`E_DEVICE_LOST`) where a thread has ended. */
  runAll(at: number, bounds: readonly number[]): void {
    const [from, end] = [at + (bounds[0] as number), at + (bounds[1] as number)];
    if (!this.#crew || !this.#startCrew) {
      this.run(from, end);
      return;
    }
    const control = this.meeting / 4 + 2;
    for (const [i, bound] of bounds.entries()) this.words[control + 1 + i] = at + bound;
    runWith(this.#crew, this.#startCrew, this.#run, from, end);
  }

  /** Its threads have started. */
  async ready(): Promise<void> {
    await this.#crew?.ready;
  }

  /** Ends its threads. */
  close(): void {
    this.#crew?.end();
  }

  /**
   * Reserves this many bytes. Before the memory grows, idle blocks are reclaimed. Throws {@link MovinetError}
   * (`E_DEVICE_MEMORY`) where the memory of WebAssembly, 4 GB, or of the machine ends.
   */
  take(bytes: number): number {
    const at = this.#space.take(bytes);
    if (this.#missing(at + bytes) === 0) return at;
    this.free(at, bytes);
    this.giveUpIdle();
    const again = this.#space.take(bytes);
    const pages = this.#missing(again + bytes);
    if (pages > 0) this.#grow(pages, () => this.free(again, bytes));
    return again;
  }

  /** Pages by which the memory ends too early. */
  #missing(end: number): number {
    return Math.max(0, Math.ceil((end - this.#memory.buffer.byteLength) / pageBytes));
  }

  free(at: number, bytes: number): void {
    this.#space.free(at, bytes);
  }

  /** Makes the arena at least so great; what is in it is lost, and its address may change. */
  reserve(bytes: number): void {
    const old = this.#arena;
    if (bytes <= old.bytes) return;
    if (old.bytes > 0) this.free(old.at, old.bytes);
    try {
      this.#arena = { at: this.take(bytes), bytes };
    } catch (error) {
      this.#arena = { at: this.#space.take(old.bytes), bytes: old.bytes };
      throw error;
    }
  }

  /** The address of weights, which are made when they are first asked for. */
  constant(name: string, make: () => Float32Array | Uint32Array): number {
    return this.#known(name, () => this.#put(make()));
  }

  /** The same of a matrix `[K, N]`, as panels of 8 columns `[ceil(N / 8)][K][8]`, filled up with zeros. */
  panels(name: string, make: () => Float32Array, K: number, N: number): number {
    return this.#known(name, () => {
      const at = this.take(32 * K * Math.ceil(N / 8));
      const matrix = make();
      const most = Math.max(1, Math.floor(stripBytes / (4 * N)));
      for (let k = 0; k < K; k += most) {
        const rows = Math.min(most, K - k);
        const strip = matrix.subarray(k * N, (k + rows) * N);
        this.#through(strip, (from) => this.call("pack", from, at + 32 * k, rows, N, 32 * K));
      }
      return at;
    });
  }

  /** Puts planes `[channels, pixels]` of one picture at an address, channels last. */
  putPlanes(planes: Float32Array, to: number, channels: number, pixels: number): void {
    this.#through(planes, (from) => this.call("interleave", from, to, 1, channels, pixels));
  }

  /** Makes a call in this thread. */
  call(operation: keyof typeof operations, ...words: readonly number[]): void {
    const bytes = 4 * (2 + words.length);
    const at = this.#put(Uint32Array.of(operations[operation], 2 + words.length, ...words));
    this.run(at, at + bytes);
    this.free(at, bytes);
  }

  /** Does something with data that lies in the memory meanwhile. */
  #through(data: Float32Array, work: (at: number) => void): void {
    const at = this.#put(data);
    work(at);
    this.free(at, data.byteLength);
  }

  #known(name: string, make: () => number): number {
    const at = this.#weights.get(name) ?? make();
    this.#weights.set(name, at);
    return at;
  }

  #put(data: Float32Array | Uint32Array): number {
    const at = this.take(data.byteLength);
    if (data instanceof Float32Array) this.floats.set(data, at / 4);
    else this.words.set(data, at / 4);
    return at;
  }

  #grow(pages: number, giveBack: () => void): void {
    try {
      this.#memory.grow(pages);
    } catch (cause) {
      giveBack();
      throw outOfMemory(
        `WebAssembly memory is exhausted at ${(this.#memory.buffer.byteLength / 1e6).toFixed(0)} MB`,
        "Open fewer sessions or streams, or use smaller chunks",
        cause,
      );
    }
    this.floats = new Float32Array(this.#memory.buffer);
    this.words = new Uint32Array(this.#memory.buffer);
  }
}

/** Reserves addresses for 4 GB, which may fail with many open models, or with shared memory on a phone. */
function memoryOf(shared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: mostPages, shared });
  } catch (cause) {
    const remedy = shared ? "Omit threads, or close other models" : "Close other models";
    throw outOfMemory("WebAssembly has no memory for another model", remedy, cause);
  }
}

function outOfMemory(problem: string, remedy: string, cause: unknown): MovinetError {
  return new MovinetError({ code: "E_DEVICE_MEMORY", subject: "wasm", problem, remedy, cause });
}
