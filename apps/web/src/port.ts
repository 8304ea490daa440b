import type { ToWorker } from "./messages.ts";

/** Owns the model. */
export const worker = new Worker(new URL("./worker/worker.ts", import.meta.url), { type: "module" });

/** Resolves when the worker's script does not load or run, which may be before anything else is there to hear of it. */
export const broken = new Promise<void>((resolve) => {
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    resolve();
  });
});

export function send(message: ToWorker, transfer: Transferable[] = []): void {
  worker.postMessage(message, transfer);
}
