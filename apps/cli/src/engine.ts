import { openEngine, type Program } from "movinet/session";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./usage.ts";

/** Opens the engine of a device, and prints its warnings. Throws {@link UsageError} for threads that it does not have. */
export async function openNamedEngine(
  options: Parameters<typeof openEngine>[0],
  terminal: Terminal,
): ReturnType<typeof openEngine> {
  const engine = await openEngine(options).catch((error: unknown) => {
    const [, problem] = (error instanceof TypeError && /^threads (.*)$/.exec(error.message)) || [];
    throw problem === undefined ? error : new UsageError("--threads", problem);
  });
  for (const warning of engine.warnings ?? []) terminal.warn(`movinet: warning: ${warning}.`);
  return engine;
}

/** How a quantized model was computed, for the end of a run. */
export function arithmeticText({ arithmetic, engine }: Pick<Program, "arithmetic" | "engine">): string {
  return arithmetic === "int8"
    ? `computed in int8 on ${engine}`
    : `computed with dequantized float32 weights on ${engine}`;
}
