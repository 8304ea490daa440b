/** Work in a thread or a process of its own: what it throws arrives whole, and nobody waits for one that has ended. */
import { expect, test } from "vitest";
import { Child, ChildEnded } from "../../src/common/child.node.ts";
import { ModelError } from "../../src/common/errors.ts";
import { Thread } from "../../src/common/thread.node.ts";
import { measureCosts } from "../../src/evaluate/costs.node.ts";
import { hashedModel } from "../laws/models.ts";
import { disposed } from "../session/stream-session.ts";
import { details } from "./failures.ts";

const moduleOf = (name: string) => new URL(name, import.meta.url);

test.each(["thread", "process"])("a %s", async (place) => {
  const thread = new Thread<string, string>(moduleOf("failing-thread.ts"), null);
  const child = new Child<string, string>(moduleOf("failing-child.ts"));
  const ask = (kind: string) => (place === "thread" ? thread.ask(kind, undefined) : child.ask(kind));
  expect(await ask("a word")).toBe("a word");
  const own = ask("own");
  await expect(own).rejects.toMatchObject({ ...details, name: "ModelError" });
  await expect(own).rejects.toBeInstanceOf(ModelError);
  const type = ask("type");
  await expect(type).rejects.toBeInstanceOf(TypeError);
  await expect(type).rejects.toThrow("this is no window");
  expect(await ask("another")).toBe("another");
  child.end();
  await thread[Symbol.asyncDispose]();
});

test("a thread is disposed of once, in the midst of its work too", async () => {
  const thread = new Thread<string, string>(moduleOf("failing-thread.ts"), null);
  const asked = thread.ask("a word", undefined);
  const settled = asked.then(
    (answer) => answer,
    (error: Error) => error.message,
  );
  await Promise.all([thread[Symbol.asyncDispose](), thread[Symbol.asyncDispose]()]);
  expect(["a word", "internal: a computing thread ended"]).toContain(await settled);
  await expect(thread.ask("another", undefined)).rejects.toMatchObject(disposed);
});

test("a process that ends says why, also to who asks later; a signal ends the wait", async () => {
  const child = new Child<string, string>(moduleOf("failing-child.ts"));
  const ended = child.ask("end");
  await expect(ended).rejects.toBeInstanceOf(ChildEnded);
  await expect(ended).rejects.toThrow("it cannot go on");
  await expect(child.ask("a word")).rejects.toThrow("it cannot go on");
  const other = new Child<string, string>(moduleOf("failing-child.ts"));
  const abort = new AbortController();
  const asked = other.ask("a word", abort.signal);
  abort.abort(new Error("enough"));
  await expect(asked).rejects.toThrow("enough");
  other.end();
  await other.gone;
});

test("measuring on a device that is not there tells what it would tell here", async () => {
  const model = hashedModel("t0-stream", { classes: 7, resolution: { height: 32, width: 32 } });
  await expect(measureCosts(model, [1], { device: "abacus", threads: 1 })).rejects.toMatchObject({
    name: "MovinetError",
    code: "E_DEVICE_UNKNOWN",
    subject: "abacus",
    remedy: expect.stringContaining("cpu"),
  });
});
