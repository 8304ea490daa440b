/**
 * Downloads a file from one address, whatever the connection and the server do: it resumes, and knows when to give up.
 */
import { formatBytes } from "../common/printable.ts";

/** A server's response. */
export interface Answer {
  readonly status: number;
  /** A header by its lower-case name; null: missing, or hidden by a browser. */
  header(name: string): string | null;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Requests an address and follows redirects. Rejects with {@link TransferProblem} if trying again is useless, with
 * another error if there is no response; aborting `signal` also ends the body.
 */
export type Fetch = (url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Answer>;

/** The version of a file that bytes belong to. */
export interface Version {
  readonly url: string;
  /** The server's identification of the version: an entity tag or a date; null: none. */
  readonly validator: string | null;
  /** Size of the whole file; null: unknown. */
  readonly total: number | null;
}

/** The part of a file received so far. It may outlast the transfer. */
export interface Part {
  /** Null: nothing received. */
  readonly version: Version | null;
  readonly length: number;
  /** Discards the content, and starts with a version. */
  begin(version: Version): Promise<void>;
  append(bytes: Uint8Array): Promise<void>;
  bytes(): Promise<Uint8Array>;
}

/** The patience of a transfer. */
export interface Pace {
  /** Milliseconds before the second attempt; each further one waits twice as long. */
  readonly pauseMs: number;
  /** Minimum number of bytes per number of milliseconds. */
  readonly windowMs: number;
  readonly leastBytes: number;
}

const usualPace: Pace = { pauseMs: 500, windowMs: 30_000, leastBytes: 30_000 };

export interface TransferOptions {
  readonly fetch: Fetch;
  readonly url: string;
  readonly part: Part;
  /** Size limit in bytes. */
  readonly most: number;
  /** Whether a hash will verify the bytes, so that a part may be resumed on trust. */
  readonly hashed: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((loaded: number, total: number | null) => void) | undefined;
  readonly pace?: Pace | undefined;
}

/** Why a download failed, and how often to try if nothing changes. */
export class TransferProblem extends Error {
  readonly tries: number;
  readonly status: number | null;
  /** The pause the server asks for; null: none. */
  readonly pauseMs: number | null;

  constructor(
    message: string,
    tries: number,
    { status = null, pauseMs = null }: { status?: number | null; pauseMs?: number | null } = {},
  ) {
    super(message);
    this.tries = tries;
    this.status = status;
    this.pauseMs = pauseMs;
  }
}

/** After an attempt with this much progress, counting starts over. */
const progressBytes = 2 ** 18;
/** A server that asks for a longer pause is given up. */
const longestPauseMs = 30_000;

/** Fills the part. Rejects with {@link TransferProblem}, the signal's reason, and what the part throws. */
export async function transfer(options: TransferOptions): Promise<void> {
  const { part, url, signal, pace = usualPace } = options;
  for (let failures = 0; !isWhole(part, url); ) {
    const before = part.length;
    try {
      return await attempt(options, pace);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof TransferProblem)) throw error;
      failures = part.length - before >= progressBytes ? 1 : failures + 1;
      if (failures >= error.tries) throw error;
      await pause(error.pauseMs ?? pace.pauseMs * 2 ** (failures - 1), signal);
    }
  }
}

function isWhole({ version, length }: Part, url: string): boolean {
  return version?.url === url && version.total === length;
}

async function attempt(options: TransferOptions, pace: Pace): Promise<void> {
  const { fetch, url, part, signal } = options;
  const watch = new Watch(pace, signal);
  try {
    const answer = await fetch(url, { "accept-encoding": "identity", ...rangeOf(options) }, watch.signal).catch(
      (error: unknown) => {
        if (error instanceof TransferProblem) throw error;
        // A server that has sent something deserves more patience than an address that may not exist.
        throw new TransferProblem(`no response (${reasonOf(error)})`, part.length > 0 ? 5 : 2);
      },
    );
    if ((await accept(answer, options)) === "whole") return;
    await take(answer, options, watch);
  } catch (error) {
    throw watch.complaint ?? error;
  } finally {
    watch.end();
  }
}

/** Where to resume a part, if its version is known or a hash will verify it. */
function rangeOf({ part, url, hashed }: TransferOptions): Record<string, string> {
  const { version, length } = part;
  if (version === null || length === 0 || version.url !== url || !(hashed || version.validator !== null)) return {};
  return {
    range: `bytes=${length}-`,
    ...(version.validator !== null && { "if-range": version.validator }),
  };
}

/** Prepares the part for a response. Throws if it is unusable. */
async function accept(answer: Answer, { url, part, most }: TransferOptions): Promise<"more" | "whole"> {
  const { status } = answer;
  if (status === 416 && part.version !== null) {
    if (Number(/^bytes \*\/(\d+)$/.exec(answer.header("content-range") ?? "")?.[1]) === part.length) return "whole";
    await part.begin({ url, validator: null, total: null });
    throw new TransferProblem("the server cannot resume the download (416)", 2, { status });
  }
  if (status !== 200 && status !== 206) throw refusalOf(answer);
  const length = lengthOf(answer);
  if (status === 200) {
    refuseHuge(length ?? 0, most);
    await part.begin({ url, validator: validatorOf(answer), total: length });
    return "more";
  }
  const [, first, whole] = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.header("content-range") ?? "") ?? [];
  const total = part.version?.total ?? null;
  const fits =
    first === undefined
      ? total !== null && length === total - part.length
      : Number(first) === part.length && (total === null || total === Number(whole));
  if (part.version === null || part.length === 0 || !fits) {
    await part.begin({ url, validator: null, total: null });
    throw new TransferProblem("the server resumed at the wrong offset", 2, { status });
  }
  refuseHuge(Number(whole ?? 0), most);
  return "more";
}

/** Announced size of a response in bytes; null if unknown or compressed. */
function lengthOf(answer: Answer): number | null {
  if ((answer.header("content-encoding") ?? "identity") !== "identity") return null;
  const text = answer.header("content-length");
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

function validatorOf(answer: Answer): string | null {
  const tag = answer.header("etag");
  return tag !== null && !tag.startsWith("W/") ? tag : answer.header("last-modified");
}

async function take({ body }: Answer, { part, most, onProgress }: TransferOptions, watch: Watch): Promise<void> {
  const total = part.version?.total ?? null;
  const far = () => `${formatBytes(part.length)}${total === null ? "" : ` of ${formatBytes(total)}`}`;
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await chunks.next().catch((error: unknown) => {
      throw new TransferProblem(`connection lost after ${far()} (${reasonOf(error)})`, 5);
    });
    if (done) break;
    refuseHuge(part.length + value.length, most);
    if (total !== null && part.length + value.length > total) {
      await part.begin({ url: part.version?.url ?? "", validator: null, total: null });
      throw new TransferProblem(`the server sent more than the announced ${formatBytes(total)}`, 2);
    }
    await part.append(value);
    watch.came(value.length);
    onProgress?.(part.length, total);
  }
  if (total !== null && part.length < total) throw new TransferProblem(`connection closed after ${far()}`, 5);
}

function refuseHuge(bytes: number, most: number): void {
  if (bytes <= most) return;
  throw new TransferProblem(`too large: at least ${formatBytes(bytes)} (limit ${formatBytes(most)})`, 1);
}

const busy = new Set([408, 425, 429, 500, 502, 503, 504]);

function refusalOf(answer: Answer): TransferProblem {
  const { status } = answer;
  if (status === 404 || status === 410)
    return new TransferProblem(`file not found on the server (${status})`, 1, { status });
  if (status === 401 || status === 403 || status === 451) {
    return new TransferProblem(`access denied by the server (${status})`, 1, { status });
  }
  if (!busy.has(status)) return new TransferProblem(`the server answered ${status}`, 1, { status });
  const pauseMs = pauseOf(answer);
  if (pauseMs !== null && pauseMs > longestPauseMs) {
    return new TransferProblem(`the server asks to retry later (${status}, in ${Math.round(pauseMs / 1000)} s)`, 1, {
      status,
    });
  }
  return new TransferProblem(`the server is busy (${status})`, 4, { status, pauseMs });
}

/** The value of `Retry-After`: seconds, or a date. */
function pauseOf(answer: Answer): number | null {
  const text = answer.header("retry-after");
  if (text === null) return null;
  const milliseconds = /^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : null;
}

/** A network error in short. */
export function reasonOf(error: unknown): string {
  const { code, message, cause } = error as Error & { code?: string; cause?: Error & { code?: string } };
  return code ?? cause?.code ?? cause?.message ?? message ?? String(error);
}

/** Ends an attempt if the caller aborts, or if too little arrives. */
class Watch {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setInterval>;
  #bytes = 0;
  /** Why the watch ended it; null: it did not. */
  complaint: TransferProblem | null = null;

  constructor({ windowMs, leastBytes }: Pace, caller: AbortSignal | undefined) {
    this.#caller = caller;
    caller?.throwIfAborted();
    caller?.addEventListener("abort", this.#abort);
    this.#timer = setInterval(() => {
      const rate = `${formatBytes(this.#bytes)} in ${windowMs / 1000} s`;
      if (this.#bytes < leastBytes) this.complaint = new TransferProblem(`the download is too slow (${rate})`, 2);
      this.#bytes = 0;
      if (this.complaint) this.#abort();
    }, windowMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  came(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Closes what may still be open, such as an unread body. */
  end(): void {
    clearInterval(this.#timer);
    this.#caller?.removeEventListener("abort", this.#abort);
    this.#controller.abort();
  }

  readonly #abort = (): void => this.#controller.abort(this.#caller?.reason);
}

/** Waits, and rejects with the signal's reason if that comes first. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const over = () => {
      signal?.removeEventListener("abort", ended);
      resolve();
    };
    const ended = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", ended);
      reject(signal?.reason);
    };
    const timer = setTimeout(over, milliseconds);
    signal?.addEventListener("abort", ended);
  });
}
