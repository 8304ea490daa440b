import { Turns } from "../common/turns.ts";
import type { StepOutputs, StreamSession } from "./stream-session.ts";

/** The parts of a network that is cut before the pool of its head, each as a session: the head twice. */
export interface HeadSessions {
  readonly body: StreamSession;
  readonly whole: StreamSession;
  readonly ageing: StreamSession;
}

/**
 * One stream remembered in two ways, by two sessions of the whole network, one of which ages: what networks with gates need,
 * whose pools are everywhere.
 */
export function recentOfTwo(subject: string, whole: StreamSession, ageing: StreamSession): StreamSession {
  return remembered(subject, [whole, ageing], async (frames) => {
    const { logits } = await whole.step(frames);
    return { logits, recent: (await ageing.step(frames)).logits };
  });
}

/** The same by one body under two heads, one of which ages: exact for networks whose only pool is the head's. */
export function recentOfHeads(subject: string, { body, whole, ageing }: HeadSessions): StreamSession {
  return remembered(subject, [body, whole, ageing], async (frames) => {
    const vector = (await body.step(frames))["features"] as Float32Array;
    const { logits } = await whole.step(vector);
    return { logits, recent: (await ageing.step(vector)).logits };
  });
}

function remembered(
  subject: string,
  parts: readonly StreamSession[],
  step: (frames: Float32Array) => Promise<StepOutputs>,
): StreamSession {
  const refuse = async (): Promise<never> => {
    throw new TypeError("a session that also tells of the recent past has no snapshots");
  };
  const session: StreamSession = {
    streams: 1,
    stateBytes: parts.reduce((sum, { stateBytes }) => sum + stateBytes, 0),
    step: (frames) => turns.take(() => step(frames)),
    reset: () => turns.take(async () => void (await Promise.all(parts.map((part) => part.reset())))),
    snapshot: refuse,
    restore: refuse,
    [Symbol.asyncDispose]: () => turns.end(() => Promise.all(parts.map((part) => part[Symbol.asyncDispose]()))),
  };
  const turns = new Turns(session, "session", subject);
  return session;
}
