import { expect } from "vitest";

/** An error of ours with a code, and a message that holds or matches this. */
export function told(code: string, message: string | RegExp): Error {
  const matching = typeof message === "string" ? expect.stringContaining(message) : expect.stringMatching(message);
  return expect.objectContaining({ code, message: matching });
}
