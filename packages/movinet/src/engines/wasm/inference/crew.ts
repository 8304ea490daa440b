/** Threads that share the calls of a store, and what the thread that owns it does when one of them does not come. */
import { MovinetError } from "../../../common/errors.ts";

/** Makes the calls from one address to another, and returns where it came to: before the end where it waits for other threads. */
export type Run = (from: number, end: number, sleepMs: number) => number;

/** The threads beside the one that owns the store. */
export interface Crew {
  /** Rejects where a thread does not start: a run would wait for it in vain. */
  readonly ready: Promise<unknown>;
  /** Whether a thread has ended before its time. */
  lost: boolean;
  /** Lets them begin the calls whose addresses stand in the memory. */
  go(): void;
  end(): void;
}

/** How a crew comes to be: `control` is the address of the number of the run, behind which those of the calls stand. */
export interface StartCrew {
  /** With the one that owns the store. */
  readonly threads: number;
  /** How long that one may sleep at a time; 0: it must stay awake, as the main thread of a page. */
  readonly sleepMs: number;
  /** How long it waits for the others before it takes one for lost. */
  readonly patienceMs: number;
  start(kernels: WebAssembly.Module, memory: WebAssembly.Memory, control: number): Crew;
}

/** Threads share each call evenly, so that they come within a fraction of its time. */
export const patienceMs = 10_000;

/**
 * Makes the calls from one address to another while a crew makes its own. Throws {@link MovinetError} (`E_DEVICE_LOST`) where a thread
 * does not come to where all meet, and at every call after that.
 */
export function runWith(crew: Crew, { threads, sleepMs, patienceMs }: StartCrew, run: Run, from: number, end: number) {
  if (crew.lost) throw lostThread(threads);
  crew.go();
  let at = run(from, end, sleepMs) >>> 0;
  if (at === end) return;
  let [waitedMs, then] = [0, performance.now()];
  while (at !== end) {
    const before = at;
    at = run(before, end, sleepMs) >>> 0;
    const now = performance.now();
    // A machine that slept makes one long pause, in which the others could not come either.
    waitedMs = at === before ? waitedMs + Math.min(now - then, 1000) : 0;
    then = now;
    if (waitedMs <= patienceMs) continue;
    crew.lost = true;
    throw lostThread(threads);
  }
}

function lostThread(threads: number): MovinetError {
  return new MovinetError({
    code: "E_DEVICE_LOST",
    subject: "wasm",
    problem: `one of its ${threads} threads has ended or hangs, so that steps cannot be finished`,
    remedy: "Close the model and open it again",
  });
}
