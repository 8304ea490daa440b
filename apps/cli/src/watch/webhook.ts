import { createHmac, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { shownSource } from "movinet/files";
import type { WatchRecord } from "movinet/watch";
import { version } from "../version.ts";
import { lineOf } from "./lines-file.ts";
import { type Complain, lastSeconds, type RecordType, type Sink, Trouble } from "./sink.ts";

export interface WebhookOptions {
  readonly url: string;
  /** Signs deliveries; null: they are unsigned. */
  readonly secret: string | null;
  readonly records: readonly RecordType[];
  /** Seconds for one try. Default 10. */
  readonly timeoutSeconds?: number;
  /** Seconds before the second try; each wait is twice the one before, at most five minutes. Default 1. */
  readonly retrySeconds?: number;
  /** Deliveries that wait; when there are more, the oldest is lost. Default 1000. */
  readonly most?: number;
}

interface Delivery {
  readonly id: string;
  readonly body: string;
}

/** Tries of one delivery: with the default waits, six to eight minutes. */
const mostTries = 10;
const mostWaitSeconds = 300;

/**
 * Records sent by HTTP POST, one after the other, in the manner of Standard Webhooks: headers `webhook-id`,
 * `webhook-timestamp` and `webhook-signature`. Tries again, with longer and longer waits, after time-outs, broken
 * connections and answers of 408, 429 and 5xx; any other answer but 2xx loses the delivery.
 */
export class Webhook implements Sink {
  readonly #options: Required<WebhookOptions>;
  readonly #name: string;
  readonly #trouble: Trouble;
  readonly #types: ReadonlySet<RecordType>;
  readonly #queue: Delivery[] = [];
  /** Ends waits and tries, when it is time to go. */
  readonly #end = new AbortController();
  #sending: Promise<void> | null = null;

  constructor(options: WebhookOptions, complain: Complain) {
    this.#options = { timeoutSeconds: 10, retrySeconds: 1, most: 1000, ...options };
    this.#name = `movinet: ${shownSource(options.url)}`;
    this.#types = new Set(options.records);
    this.#trouble = new Trouble(complain);
  }

  write(record: WatchRecord): void {
    if (!this.#types.has(record.type)) return;
    this.#queue.push({ id: `msg_${randomUUID()}`, body: lineOf(record) });
    if (this.#queue.length > this.#options.most) {
      // The first one is on its way.
      this.#queue.splice(1, 1);
      this.#trouble.tell(`${this.#name}: more than ${this.#options.most} deliveries wait`, 1);
    }
    this.#sending ??= this.#send();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#end.abort(), lastSeconds * 1000);
    await this.#sending;
    clearTimeout(timer);
    this.#trouble.end(`${this.#name}: not everything could be delivered`, this.#queue.length);
  }

  async #send(): Promise<void> {
    for (let next = this.#queue[0]; next && !this.#end.signal.aborted; next = this.#queue[0]) {
      const isDone = await this.#deliver(next);
      if (isDone) this.#queue.shift();
    }
    this.#sending = null;
  }

  /** Whether the delivery is over, arrived or lost; false: there is no time left. */
  async #deliver(delivery: Delivery): Promise<boolean> {
    const { retrySeconds } = this.#options;
    for (let tries = 1; ; tries++) {
      const failure = await this.#post(delivery);
      if (failure === null) {
        this.#trouble.over(`${this.#name}: deliveries arrive again`);
        return true;
      }
      if (this.#end.signal.aborted) return false;
      if (failure.isFinal || tries === mostTries) {
        this.#trouble.tell(`${this.#name}: ${failure.problem}`, 1);
        return true;
      }
      this.#trouble.tell(`${this.#name}: ${failure.problem}; trying again`);
      // Between half and all of it, so that many senders do not come back at the same moment.
      const wait = Math.min(mostWaitSeconds, retrySeconds * 2 ** (tries - 1)) * (0.5 + Math.random() / 2);
      const seconds = Math.max(wait, Math.min(failure.retryAfterSeconds, mostWaitSeconds));
      await sleep(seconds * 1000, null, { signal: this.#end.signal, ref: true }).catch(() => {});
    }
  }

  async #post({ id, body }: Delivery): Promise<Failure | null> {
    const { url, secret, timeoutSeconds } = this.#options;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = secret === null ? {} : { "webhook-signature": signatureOf(secret, id, timestamp, body) };
    try {
      const { href, credentials } = targetOf(url);
      const response = await fetch(href, {
        method: "POST",
        redirect: "manual",
        headers: {
          "content-type": "application/json",
          "user-agent": `movinet/${version}`,
          "webhook-id": id,
          "webhook-timestamp": timestamp,
          ...signature,
          ...credentials,
        },
        body,
        signal: AbortSignal.any([this.#end.signal, AbortSignal.timeout(timeoutSeconds * 1000)]),
      });
      await response.body?.cancel();
      if (response.ok) return null;
      const { status } = response;
      const after = Number(response.headers.get("retry-after"));
      return {
        problem: `the server answered ${status}`,
        isFinal: !(status === 408 || status === 429 || status >= 500),
        retryAfterSeconds: after > 0 ? after : 0,
      };
    } catch (error) {
      return { problem: causeOf(error, timeoutSeconds), isFinal: false, retryAfterSeconds: 0 };
    }
  }
}

interface Failure {
  readonly problem: string;
  /** Whether another try would be in vain. */
  readonly isFinal: boolean;
  readonly retryAfterSeconds: number;
}

/** `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64. A secret with `whsec_` is base64, any other is text. */
export function signatureOf(secret: string, id: string, timestamp: string, body: string): string {
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

/** `fetch` refuses URLs with a user, so that goes into a header. */
function targetOf(text: string): { readonly href: string; readonly credentials: Record<string, string> } {
  const url = new URL(text);
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = "";
  url.password = "";
  const credentials: Record<string, string> =
    user === ":" ? {} : { authorization: `Basic ${Buffer.from(user).toString("base64")}` };
  return { href: url.href, credentials };
}

function causeOf(error: unknown, timeoutSeconds: number): string {
  const { name, message, cause } = error as Error & { readonly cause?: Error & { readonly code?: string } };
  if (name === "TimeoutError") return `no answer within ${timeoutSeconds} s`;
  return `the request failed (${cause?.code ?? cause?.message ?? message})`;
}
