import { Turns } from "../common/turns.ts";
import type { RecentSession, StreamSession } from "./stream-session.ts";

/** Two sessions of the whole network, one of which ages: what models with gates need, whose pools are everywhere. */
export function recentOfTwo(subject: string, whole: StreamSession, ageing: StreamSession): RecentSession {
  return new SessionOfParts(subject, [whole, ageing], async (frame) => ({
    logits: await whole.step(frame),
    recent: await ageing.step(frame),
  }));
}

/** One body under two heads, one of which ages: exact for models whose only pool is the head's. */
export function recentOfHeads(
  subject: string,
  body: StreamSession,
  whole: StreamSession,
  ageing: StreamSession,
): RecentSession {
  return new SessionOfParts(subject, [body, whole, ageing], async (frame) => {
    const vector = await body.step(frame);
    return { logits: await whole.step(vector), recent: await ageing.step(vector) };
  });
}

class SessionOfParts implements RecentSession {
  readonly #parts: readonly StreamSession[];
  readonly #advance: RecentSession["step"];
  readonly #turns: Turns;

  constructor(subject: string, parts: readonly StreamSession[], advance: RecentSession["step"]) {
    this.#parts = parts;
    this.#advance = advance;
    this.#turns = new Turns(this, "session", subject);
  }

  step(frame: Float32Array): ReturnType<RecentSession["step"]> {
    return this.#turns.take(() => this.#advance(frame));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(() => Promise.all(this.#parts.map((part) => part[Symbol.asyncDispose]())));
  }
}
