/** A model behind a URL that a user gives: whole, or one line that says why not. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { open } from "../../src/flow/open.node.ts";
import { mostModelBytes } from "../../src/zoo/labelled.ts";
import type { PullEvent } from "../../src/zoo/pull-event.ts";
import { told } from "../told.ts";
import { safetensors } from "./models.ts";
import { file, redirect, startServer, status, type TestServer } from "./server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    "/m": file(safetensors),
    "/broken": file(safetensors, { cut: 3_000_000 }),
    "/dead": file(safetensors, { cut: 1, etag: null }),
    "/huge": file(safetensors, { length: mostModelBytes + 1 }),
    "/refused": status(403),
    "/moved": redirect("/m"),
    "/slow": file(safetensors, { rate: 10_000 }),
  });
});
afterAll(() => server[Symbol.asyncDispose]());

test.each(["/m", "/broken", "/moved"])("%s opens, and tells how far it is", async (path) => {
  const events: PullEvent[] = [];
  const recognizer = await open(`${server.base}${path}`, {
    device: "reference",
    onProgress: (event) => events.push(event),
  });
  await recognizer.close();
  const statuses = events.map((event) => event.status);
  expect(statuses.filter((name, i) => name !== statuses[i - 1])).toEqual(["download", "progress", "done"]);
  expect(events.findLast((event) => event.status === "progress")).toMatchObject({
    progress: 100,
    loaded: safetensors.length,
  });
});

test.each([
  [
    "/dead",
    "E_MODEL_UNREADABLE",
    /download failed: connection lost after 0\.001 kB of 7\.16 MB \(\w+\)\. Check the URL and your network connection\.$/,
  ],
  ["/huge", "E_MODEL_UNREADABLE", /too large: at least 1\.07 GB \(limit 1\.07 GB\)/],
  ["/refused", "E_MODEL_UNREADABLE", /access denied by the server \(403\)/],
  ["/none", "E_MODEL_NOT_FOUND", /file not found on the server \(404\)/],
] as const)(
  "%s is one line",
  async (path, code, message) => {
    await expect(open(`${server.base}${path}`)).rejects.toThrow(told(code, message));
  },
  60_000,
);

test("it can be ended", async () => {
  const reason = new Error("enough");
  const ending = new AbortController();
  setTimeout(() => ending.abort(reason), 100);
  await expect(open(`${server.base}/slow`, { signal: ending.signal })).rejects.toBe(reason);
});
