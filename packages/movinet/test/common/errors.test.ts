/** Errors come out of a thread or a process as what they were. */
import { expect, test } from "vitest";
import {
  type Answer,
  answerOf,
  DatasetError,
  DependencyError,
  ModelError,
  MovinetError,
  resultOf,
  SessionError,
  TrainError,
  VideoError,
} from "../../src/common/errors.ts";

const details = { code: "E_X", subject: "m", problem: "it is wrong", remedy: "Mend it" };

/** What arrives of an error, by way of a thread and by way of a process that speaks JSON. */
async function arrivals(thrown: unknown): Promise<readonly unknown[]> {
  const answer = await answerOf(() => {
    throw thrown;
  });
  const ways: readonly Answer<never>[] = [structuredClone(answer), JSON.parse(JSON.stringify(answer))];
  return ways.map((way) => {
    try {
      return resultOf(way);
    } catch (error) {
      return error;
    }
  });
}

test.each([MovinetError, ModelError, SessionError, VideoError, DatasetError, DependencyError, TrainError])(
  "%o",
  async (Class) => {
    const thrown = new Class(details);
    const again = await arrivals(thrown);
    expect(again).toHaveLength(2);
    for (const error of again) {
      expect(error).toBeInstanceOf(Class);
      expect(error).toMatchObject({ ...details, name: Class.name, message: "m: it is wrong. Mend it." });
      expect(error).toHaveProperty("stack", thrown.stack);
    }
  },
);

test("others keep their name, their message and their code", async () => {
  const system = Object.assign(new Error("broken"), { code: "ERR_WORKER_X" });
  for (const error of await arrivals(new TypeError("no"))) {
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: "TypeError", message: "no" });
  }
  for (const error of await arrivals(system)) {
    expect(error).toMatchObject({ name: "Error", message: "broken", code: "ERR_WORKER_X" });
  }
  for (const error of await arrivals("words")) expect(error).toMatchObject({ message: "words" });
});

test("a result comes out as it was", async () => {
  expect(resultOf(await answerOf(async () => 3))).toBe(3);
});
