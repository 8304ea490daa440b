import type { RecentSession, StreamSession } from "./stream-session.ts";

/** Two sessions of the whole network, one of which ages: what models with gates need, whose pools are everywhere. */
export function recentOfTwo(whole: StreamSession, ageing: StreamSession): RecentSession {
  return {
    step: async (frame) => ({ logits: await whole.step(frame), recent: await ageing.step(frame) }),
    [Symbol.asyncDispose]: () => disposeAll(whole, ageing),
  };
}

/** One body under two heads, one of which ages: exact for models whose only pool is the head's. */
export function recentOfHeads(body: StreamSession, whole: StreamSession, ageing: StreamSession): RecentSession {
  return {
    async step(frame) {
      const vector = await body.step(frame);
      return { logits: await whole.step(vector), recent: await ageing.step(vector) };
    },
    [Symbol.asyncDispose]: () => disposeAll(body, whole, ageing),
  };
}

async function disposeAll(...sessions: readonly StreamSession[]): Promise<void> {
  await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
}
