import { openEngine } from "movinet/session";
import type { Terminal } from "./terminal.ts";

/** Opens the engine of a device, and prints its warnings. */
export async function openNamedEngine(
  options: Parameters<typeof openEngine>[0],
  terminal: Terminal,
): ReturnType<typeof openEngine> {
  const engine = await openEngine(options);
  for (const warning of engine.warnings ?? []) terminal.warn(`movinet: warning: ${warning}.`);
  return engine;
}
