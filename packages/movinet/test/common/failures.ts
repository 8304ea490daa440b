import { ModelError } from "../../src/common/errors.ts";

export const details = { code: "E_MODEL_X", subject: "m", problem: "it is wrong", remedy: "Mend it" };

/** Answers a kind of failure by throwing it, and others by their name. */
export function failAs(kind: string): string {
  if (kind === "own") throw new ModelError(details);
  if (kind === "type") throw new TypeError("this is no window");
  return kind;
}
