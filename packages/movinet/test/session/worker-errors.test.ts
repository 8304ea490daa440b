/** Errors come out of a worker thread as what they were. */
import { expect, test } from "vitest";
import {
  DatasetError,
  DependencyError,
  ModelError,
  MovinetError,
  SessionError,
  VideoError,
} from "../../src/common/errors.ts";
import { plainError, revive } from "../../src/session/worker-protocol.node.ts";

const details = { code: "E_X", subject: "m", problem: "it is wrong", remedy: "Mend it" };

test.each([MovinetError, ModelError, SessionError, VideoError, DatasetError, DependencyError])("%o", (Class) => {
  const again = revive(structuredClone(plainError(new Class(details))));
  expect(again).toBeInstanceOf(Class);
  expect(again).toMatchObject({ ...details, name: Class.name, message: "m: it is wrong. Mend it." });
});

test("others keep their name and message", () => {
  expect(revive(plainError(new TypeError("no")))).toBeInstanceOf(TypeError);
  const system = Object.assign(new Error("broken"), { code: "ERR_WORKER_X" });
  expect(revive(plainError(system))).toMatchObject({ message: "broken", code: "ERR_WORKER_X" });
});
