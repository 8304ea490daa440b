import { Fail } from "./decoder-output.node.ts";
import { limits } from "./failures.ts";
import { recognise } from "./formats.ts";

/** Bytes of the content that are looked at. */
const headBytes = 4096;
const timeoutMs = 15_000;

/** Options of FFmpeg for a URL: only its own host is asked, and by no other protocol. */
export const remoteOptions = {
  protocol_whitelist: "http,https,httpproxy,tls,tcp",
  max_redirects: "0",
  // Microseconds that the host may stay silent.
  rw_timeout: "15000000",
  reconnect: "1",
} as const;

/**
 * Finds where the content of a URL is after FFmpeg could not open it: FFmpeg follows no redirect, because it would go
 * anywhere; redirects within the origin are followed here. Throws {@link Fail}: why there is no video, or `reason` where
 * no more is known.
 */
export async function followRedirects(url: string, reason: Fail): Promise<string> {
  let at = new URL(url);
  for (let hops = 0; hops <= limits.redirects; hops++) {
    const response = await ask(at, reason);
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) {
      const content = await readHead(response);
      if (response.ok && content.length === 0) throw new Fail("network", "nothing comes");
      const recognised = response.ok ? recognise(content) : null;
      if (recognised) throw new Fail(remoteFailure(recognised.failure), recognised.detail);
      if (hops === 0 && response.status === 200 && isMp4(content)) throw new Fail("noParts", "");
      if (hops === 0 || !response.ok) throw reason;
      return at.href;
    }
    await response.body?.cancel();
    const next = new URL(location, at);
    if (!isSameOrigin(at, next)) throw new Fail("redirect", next.host || next.protocol);
    // A redirect does not repeat who asks.
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
    // What came until then is looked at.
  }
  return Buffer.concat(chunks);
}

/** Whether it begins as an MP4 does. FFmpeg reads one whole only where its index comes first. */
function isMp4(head: Uint8Array): boolean {
  return /^(ftyp|mdat|wide|free|skip)$/.test(String.fromCharCode(...head.subarray(4, 8)));
}

/** The same scheme, host and port; or the same host, now encrypted, both at the usual ports. */
function isSameOrigin(from: URL, to: URL): boolean {
  if (from.origin === to.origin) return true;
  return (
    from.protocol === "http:" && to.protocol === "https:" && from.hostname === to.hostname && !from.port && !to.port
  );
}

/** What a server sends instead of a video is for it to mend. */
function remoteFailure(failure: Fail["failure"]): Fail["failure"] {
  return failure === "unreadable" || failure === "damaged" ? "network" : failure;
}
