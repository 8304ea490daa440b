/** Brings a file from one address, whatever the line and the server do: it goes on where it broke, and knows when to give up. */
import { formatBytes } from "../common/printable.ts";

/** What a server answers. */
export interface Answer {
  readonly status: number;
  /** A header by its name in small letters; null: there is none, or a browser hides it. */
  header(name: string): string | null;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Asks for an address, following where it leads. Rejects with {@link TransferProblem} where that is known to be of no use again, with
 * anything else where there is no answer; ends when `signal` is aborted, the body too.
 */
export type Fetch = (url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Answer>;

/** Which version of a file bytes are of. */
export interface Version {
  readonly url: string;
  /** By what the server knows the version again: an entity tag or a date; null: nothing. */
  readonly validator: string | null;
  /** Bytes of the whole file; null: the server does not say. */
  readonly total: number | null;
}

/** What has come of a file so far. It may outlast the transfer that it began with. */
export interface Part {
  /** Null: nothing has come. */
  readonly version: Version | null;
  readonly length: number;
  /** Throws away what is there, and begins with a version. */
  begin(version: Version): Promise<void>;
  append(bytes: Uint8Array): Promise<void>;
  bytes(): Promise<Uint8Array>;
}

/** How patient a transfer is. */
export interface Pace {
  /** Milliseconds before the second try; each further one waits twice as long. */
  readonly pauseMs: number;
  /** So many bytes must come in so many milliseconds. */
  readonly windowMs: number;
  readonly leastBytes: number;
}

const usualPace: Pace = { pauseMs: 500, windowMs: 30_000, leastBytes: 30_000 };

export interface TransferOptions {
  readonly fetch: Fetch;
  readonly url: string;
  readonly part: Part;
  /** The most bytes that are taken. */
  readonly most: number;
  /** Whether a hash will tell if the bytes are right, so that a part may be continued on trust. */
  readonly hashed: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((loaded: number, total: number | null) => void) | undefined;
  readonly pace?: Pace | undefined;
}

/** Why a file does not come, and how often it is asked for where nothing changes. */
export class TransferProblem extends Error {
  readonly tries: number;
  readonly status: number | null;
  /** What a server asks for; null: nothing. */
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

/** A try that brought so much counts as the first. */
const progressBytes = 2 ** 18;
/** A server that wants to be left alone for longer is. */
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
        // A server that has given something is worth more patience than an address where nobody may be.
        throw new TransferProblem(`it gives no answer (${reasonOf(error)})`, part.length > 0 ? 5 : 2);
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

/** From where a part is continued, where its version is known or a hash will tell. */
function rangeOf({ part, url, hashed }: TransferOptions): Record<string, string> {
  const { version, length } = part;
  if (version === null || length === 0 || version.url !== url || !(hashed || version.validator !== null)) return {};
  return {
    range: `bytes=${length}-`,
    ...(version.validator !== null && { "if-range": version.validator }),
  };
}

/** Makes the part ready for what an answer brings. Throws where it brings nothing. */
async function accept(answer: Answer, { url, part, most }: TransferOptions): Promise<"more" | "whole"> {
  const { status } = answer;
  if (status === 416 && part.version !== null) {
    if (Number(/^bytes \*\/(\d+)$/.exec(answer.header("content-range") ?? "")?.[1]) === part.length) return "whole";
    await part.begin({ url, validator: null, total: null });
    throw new TransferProblem("the server does not continue it (416)", 2, { status });
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
    throw new TransferProblem("the server continues it at another place", 2, { status });
  }
  refuseHuge(Number(whole ?? 0), most);
  return "more";
}

/** Bytes that an answer announces; null where it does not, or where they come packed. */
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
      throw new TransferProblem(`the connection broke after ${far()} (${reasonOf(error)})`, 5);
    });
    if (done) break;
    refuseHuge(part.length + value.length, most);
    if (total !== null && part.length + value.length > total) {
      await part.begin({ url: part.version?.url ?? "", validator: null, total: null });
      throw new TransferProblem(`it is longer than the ${formatBytes(total)} that the server announced`, 2);
    }
    await part.append(value);
    watch.came(value.length);
    onProgress?.(part.length, total);
  }
  if (total !== null && part.length < total) throw new TransferProblem(`the connection ended after ${far()}`, 5);
}

function refuseHuge(bytes: number, most: number): void {
  if (bytes <= most) return;
  throw new TransferProblem(`it has ${formatBytes(bytes)} or more, and at most ${formatBytes(most)} are taken`, 1);
}

const busy = new Set([408, 425, 429, 500, 502, 503, 504]);

function refusalOf(answer: Answer): TransferProblem {
  const { status } = answer;
  if (status === 404 || status === 410)
    return new TransferProblem(`the server has no such file (${status})`, 1, { status });
  if (status === 401 || status === 403 || status === 451) {
    return new TransferProblem(`the server does not give it (${status})`, 1, { status });
  }
  if (!busy.has(status)) return new TransferProblem(`the server answers ${status}`, 1, { status });
  const pauseMs = pauseOf(answer);
  if (pauseMs !== null && pauseMs > longestPauseMs) {
    return new TransferProblem(
      `the server wants to be asked later (${status}, in ${Math.round(pauseMs / 1000)} s)`,
      1,
      {
        status,
      },
    );
  }
  return new TransferProblem(`the server is busy (${status})`, 4, { status, pauseMs });
}

/** What `Retry-After` asks for: seconds, or a date. */
function pauseOf(answer: Answer): number | null {
  const text = answer.header("retry-after");
  if (text === null) return null;
  const milliseconds = /^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : null;
}

/** What a failure of the network says, shortly. */
export function reasonOf(error: unknown): string {
  const { code, message, cause } = error as Error & { code?: string; cause?: Error & { code?: string } };
  return code ?? cause?.code ?? cause?.message ?? message ?? String(error);
}

/** Ends a try when the caller does, or when too little comes. */
class Watch {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setInterval>;
  #bytes = 0;
  /** Why the watch itself ended it; null: it did not. */
  complaint: TransferProblem | null = null;

  constructor({ windowMs, leastBytes }: Pace, caller: AbortSignal | undefined) {
    this.#caller = caller;
    caller?.throwIfAborted();
    caller?.addEventListener("abort", this.#abort);
    this.#timer = setInterval(() => {
      const rate = `${formatBytes(this.#bytes)} in ${windowMs / 1000} s`;
      if (this.#bytes < leastBytes) this.complaint = new TransferProblem(`it comes too slowly (${rate})`, 2);
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

  /** Ends what may still be open, such as a body that nobody wants. */
  end(): void {
    clearInterval(this.#timer);
    this.#caller?.removeEventListener("abort", this.#abort);
    this.#controller.abort();
  }

  readonly #abort = (): void => this.#controller.abort(this.#caller?.reason);
}

/** Waits, and rejects with the signal's reason where that comes first. */
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
