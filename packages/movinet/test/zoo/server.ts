/** A server that gives files as badly as it is told to. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Give = (response: ServerResponse, request: IncomingMessage) => unknown;

export interface TestServer extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly base: string;
  /** Requests as they came: method, path, range. */
  readonly asked: string[];
  /** Answers by path, to be changed at any time. */
  readonly paths: Map<string, Give>;
}

/** Starts a server on a free port of the loopback; `create` makes another one than for http. */
export async function startServer(
  paths: Readonly<Record<string, Give>> = {},
  create: (listener: RequestListener) => Server = createServer,
): Promise<TestServer> {
  const asked: string[] = [];
  const answers = new Map(Object.entries(paths));
  const server = create((request, response) => {
    const path = `${hostOf(request)}${request.url}`;
    const { range } = request.headers;
    asked.push(`${path}${range === undefined ? "" : ` ${range}`}`);
    response.on("error", () => {});
    const give = answers.get(path) ?? answers.get(request.url ?? "");
    if (give) give(response, request);
    else response.writeHead(404).end("no such file");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    base: `http://127.0.0.1:${port}`,
    asked,
    paths: answers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The host that is asked for, where that is a name; an address says nothing. */
function hostOf({ headers: { host = "" } }: IncomingMessage): string {
  return /^[\d.:]+$/.test(host) ? "" : host;
}

interface FileOptions {
  /** Breaks the connection after so many bytes of each answer. */
  readonly cut?: number;
  /** Null: the server knows no versions. */
  readonly etag?: string | null;
  /** Whether ranges are given. */
  readonly ranges?: boolean;
  /** Said instead of the true length. */
  readonly length?: number;
  /** Bytes in 20 milliseconds. */
  readonly rate?: number;
}

/** Gives bytes as a good server does, but for what is told. */
export function file(
  content: Uint8Array | (() => Uint8Array),
  { cut = Infinity, etag = '"one"', ranges = true, length, rate }: FileOptions = {},
): Give {
  return async (response, { headers: { range, "if-range": ifRange } }) => {
    const bytes = typeof content === "function" ? content() : content;
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    const head = { ...(etag !== null && { etag }), "accept-ranges": "bytes" };
    const continued = ranges && from > 0 && (ifRange === undefined || ifRange === etag);
    if (continued && from >= bytes.length) {
      return response.writeHead(416, { ...head, "content-range": `bytes */${bytes.length}` }).end();
    }
    const body = continued ? bytes.subarray(from) : bytes;
    response.writeHead(continued ? 206 : 200, {
      ...head,
      "content-length": length ?? body.length,
      ...(continued && { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    });
    const sent = body.subarray(0, cut);
    for (let at = 0; at < sent.length && !response.destroyed; at += rate ?? sent.length) {
      response.write(sent.subarray(at, at + (rate ?? sent.length)));
      if (rate !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (sent.length < body.length) return setTimeout(() => response.destroy(), 20);
    return response.end();
  };
}

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Give =>
  (response) =>
    response.writeHead(code, headers).end(`${code}`);

export const redirect = (location: string): Give => status(302, { location });

/** One answer after the other; the last stays. */
export function inTurn(...gives: readonly Give[]): Give {
  let turn = 0;
  return (response, request) => gives[Math.min(turn++, gives.length - 1)]?.(response, request);
}
