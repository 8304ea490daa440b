import { Fail } from "./decoder-output.node.ts";
import { limits } from "./failures.ts";
import { recognise } from "./formats.ts";

/** Bytes of the content to look at. */
const headBytes = 4096;
const timeoutMs = 15_000;

/** FFmpeg's options for a URL: contact only its own host, and use no other protocol. */
export const remoteOptions = {
  protocol_whitelist: "http,https,httpproxy,tls,tcp",
  max_redirects: "0",
  // Timeout in microseconds.
  rw_timeout: "15000000",
  reconnect: "1",
} as const;

/**
 * Finds the content of a URL that FFmpeg could not open: FFmpeg follows no redirects, because it would go anywhere;
 * redirects within the origin are followed here. Throws {@link Fail}: why there is no video, or `reason` if nothing
 * more is known.
 */
export async function followRedirects(url: string, reason: Fail): Promise<string> {
  let at = new URL(url);
  for (let hops = 0; hops <= limits.redirects; hops++) {
    const response = await ask(at, reason);
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) {
      const content = await readHead(response);
      if (response.ok && content.length === 0) throw new Fail("network", "empty response");
      const recognised = response.ok ? recognise(content) : null;
      if (recognised) throw new Fail(remoteFailure(recognised.failure), recognised.detail);
      if (hops === 0 && response.status === 200 && isMp4(content)) throw new Fail("noParts", "");
      if (hops === 0 || !response.ok) throw reason;
      return at.href;
    }
    await response.body?.cancel();
    const next = new URL(location, at);
    if (!isSameOrigin(at, next)) throw new Fail("redirect", next.host || next.protocol);
    // A redirect does not repeat the credentials.
    next.username ||= at.username;
    next.password ||= at.password;
    at = next;
  }
  throw new Fail("network", `more than ${limits.redirects} redirects`);
}

async function ask(url: URL, reason: Fail): Promise<Response> {
  try {
    const bare = new URL(url);
    bare.username = "";
    bare.password = "";
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    const headers = new Headers({ range: `bytes=0-${headBytes - 1}` });
    if (user !== ":") headers.set("authorization", `Basic ${Buffer.from(user).toString("base64")}`);
    return await fetch(bare, { redirect: "manual", headers, signal: AbortSignal.timeout(timeoutMs) });
  } catch {
    throw reason;
  }
}

async function readHead(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= headBytes) break;
    }
  } catch {
    // Look at what arrived until then.
  }
  return Buffer.concat(chunks);
}

/** Whether it begins like an MP4. Without range requests, FFmpeg can read one only if its index comes first. */
function isMp4(head: Uint8Array): boolean {
  return /^(ftyp|mdat|wide|free|skip)$/.test(String.fromCharCode(...head.subarray(4, 8)));
}

/** The same scheme, host and port; or the same host, upgraded to https, both at the default ports. */
function isSameOrigin(from: URL, to: URL): boolean {
  if (from.origin === to.origin) return true;
  return (
    from.protocol === "http:" && to.protocol === "https:" && from.hostname === to.hostname && !from.port && !to.port
  );
}

/** If a server sends something other than a video, the server must be fixed. */
function remoteFailure(failure: Fail["failure"]): Fail["failure"] {
  return failure === "unreadable" || failure === "damaged" ? "network" : failure;
}
