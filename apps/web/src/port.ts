import type { ToWorker } from "./messages.ts";

/** Owns the model. */
export const worker = new Worker(new URL("./worker/worker.ts", import.meta.url), { type: "module" });

export function send(message: ToWorker, transfer: Transferable[] = []): void {
  worker.postMessage(message, transfer);
}
