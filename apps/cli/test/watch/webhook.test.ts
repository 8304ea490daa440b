import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { signatureOf, Webhook, type WebhookOptions } from "../../src/watch/webhook.ts";
import { event, prediction, status } from "./records.ts";

/** For slow machines. */
const waits = { timeout: 30_000, interval: 10 };

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
type Answer = (response: ServerResponse, tries: number, got: Got) => void;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function serve(answer: Answer) {
  const got: Got[] = [];
  const server = createServer(async (request, response) => {
    const body = (await Array.fromAsync(request)).join("");
    got.push({ headers: request.headers, body });
    answer(response, got.length, { headers: request.headers, body });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

const ok: Answer = (response) => response.writeHead(204).end();

function hook(url: string, own: Partial<WebhookOptions> = {}) {
  const lines: string[] = [];
  const webhook = new Webhook({ url, secret: null, records: ["event", "status"], retrySeconds: 0.01, ...own }, (line) =>
    lines.push(line),
  );
  return { webhook, lines };
}

const peaks = (got: readonly Got[]) => got.map(({ body }) => JSON.parse(body).peak);

describe("a webhook", () => {
  test("gets each record once, in order, with an id, a time and a signature", async () => {
    const { got, url } = await serve(ok);
    const secret = `whsec_${Buffer.from("0123456789abcdef").toString("base64")}`;
    const { webhook, lines } = hook(url, { secret });
    webhook.write(status("live"));
    webhook.write(prediction());
    webhook.write(event());
    webhook.write(event({ phase: "end", end: "2026-01-31T12:00:09.000Z" }));
    await webhook[Symbol.asyncDispose]();
    expect(got.map(({ body }) => JSON.parse(body))).toEqual([
      status("live"),
      event(),
      event({ phase: "end", end: "2026-01-31T12:00:09.000Z" }),
    ]);
    const ids = got.map(({ headers }) => headers["webhook-id"] as string);
    expect(new Set(ids).size).toBe(3);
    for (const { headers, body } of got) {
      const [id, timestamp] = [headers["webhook-id"], headers["webhook-timestamp"]] as [string, string];
      expect(headers["content-type"]).toBe("application/json");
      expect(Math.abs(Date.now() / 1000 - Number(timestamp))).toBeLessThan(60);
      expect(headers["webhook-signature"]).toBe(signatureOf(secret, id, timestamp, body));
    }
    expect(lines).toEqual([]);
  });

  test("the signature is that of the Standard Webhooks' own example", () => {
    const body = '{"test": 2432232314}';
    expect(
      signatureOf("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body),
    ).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  test("after 5xx, 429 and broken connections the same delivery comes again, before those behind it", async () => {
    const { got, url } = await serve((response, tries) => {
      if (tries === 1) response.writeHead(503).end();
      else if (tries === 2) response.socket?.destroy();
      else if (tries === 3) response.writeHead(429, { "retry-after": "0" }).end();
      else response.writeHead(200).end();
    });
    const { webhook, lines } = hook(url);
    webhook.write(event({ peak: 0.5 }));
    webhook.write(event({ peak: 0.6 }));
    await webhook[Symbol.asyncDispose]();
    expect(peaks(got)).toEqual([0.5, 0.5, 0.5, 0.5, 0.6]);
    expect(new Set(got.slice(0, 4).map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(lines).toEqual([
      `movinet: ${url}: the server answered 503; trying again`,
      `movinet: ${url}: deliveries arrive again`,
    ]);
  });

  test("a refusal or a redirect is not tried again, and the loss is counted", async () => {
    const { got, url } = await serve((response, tries) => {
      response.writeHead(tries === 1 ? 401 : 302, { location: "/elsewhere" }).end();
    });
    const { webhook, lines } = hook(url);
    webhook.write(event());
    webhook.write(event());
    await webhook[Symbol.asyncDispose]();
    expect(got).toHaveLength(2);
    expect(lines).toEqual([
      `movinet: ${url}: the server answered 401 (1 record lost)`,
      `movinet: ${url}: not everything could be delivered (1 record lost)`,
    ]);
  });

  test("a server that never answers costs a time-out per try and at last the delivery; nobody waits for it", async () => {
    const { got, url } = await serve(() => {});
    const { webhook, lines } = hook(url, { timeoutSeconds: 0.1, retrySeconds: 0.001 });
    webhook.write(event());
    await expect.poll(() => got.length, waits).toBeGreaterThan(1);
    await webhook[Symbol.asyncDispose]();
    // On a slow machine, a try may end before it arrives.
    expect(got.length).toBeLessThanOrEqual(10);
    expect(new Set(got.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(lines[0]).toBe(`movinet: ${url}: no answer within 0.1 s; trying again`);
    expect(lines.at(-1)).toBe(`movinet: ${url}: not everything could be delivered (1 record lost)`);
  });

  test("the queue is bounded: the oldest go, but not the one on its way", async () => {
    let answer: (() => void) | null = null;
    const { got, url } = await serve((response, tries) => {
      if (tries > 1) response.writeHead(200).end();
      else answer = () => response.writeHead(200).end();
    });
    const { webhook, lines } = hook(url, { most: 3 });
    webhook.write(event({ peak: 0 }));
    await expect.poll(() => answer, waits).not.toBe(null);
    for (let i = 1; i <= 10; i++) webhook.write(event({ peak: i / 100 }));
    (answer as unknown as () => void)();
    await webhook[Symbol.asyncDispose]();
    expect(peaks(got)).toEqual([0, 0.09, 0.1]);
    const lost = lines.map((line) => Number(/\((\d+) records? lost\)/.exec(line)?.[1] ?? 0));
    expect(lost.reduce((sum, count) => sum + count, 0)).toBe(8);
  });

  test("user and password in the URL are sent, and never shown", async () => {
    const { got, url } = await serve((response) => response.writeHead(500).end());
    const { webhook, lines } = hook(url.replace("http://", "http://me:s%40cret@"), { retrySeconds: 0.001 });
    webhook.write(event());
    await expect.poll(() => got.length, waits).toBe(10);
    await webhook[Symbol.asyncDispose]();
    expect(got[0]?.headers.authorization).toBe(`Basic ${Buffer.from("me:s@cret").toString("base64")}`);
    expect(lines.join()).toContain("***@");
    expect(lines.join()).not.toMatch(/s%40cret|s@cret/);
  });
});
