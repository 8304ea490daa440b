/** The page of the tests of the zoo: opens models by name, and tells how it went. */
import { answerOf } from "../../src/common/errors.ts";
import { ModelCache, open, type PullEvent } from "../../src/index.web.ts";

/** Opens a model, and the scores after one grey picture. */
async function opened(name: string, mirror?: string) {
  const events: PullEvent[] = [];
  const recognizer = await open(name, { mirror, onProgress: (event) => events.push(event) });
  try {
    const actions = await recognizer.stream({ top: 1 });
    const [width, height] = [64, 48];
    const { scores, predictions } = await actions.step({
      data: new Uint8Array(3 * width * height).fill(90),
      width,
      height,
    });
    const statuses = events.map(({ status }) => status);
    return {
      label: predictions[0]?.label,
      scores: [...scores],
      statuses: statuses.filter((status, at) => status !== statuses[at - 1]),
    };
  } finally {
    await recognizer[Symbol.asyncDispose]();
  }
}

const app = {
  opened: (name: string, mirror?: string) => answerOf(() => opened(name, mirror)),
  atOnce: (name: string, mirror: string) => answerOf(() => Promise.all([opened(name, mirror), opened(name, mirror)])),
  list: () => answerOf(() => new ModelCache().list()),
  remove: (name: string) => answerOf(() => new ModelCache().remove(name)),
  clear: () => caches.delete("movinet"),
};

Object.assign(globalThis, { app });
