/**
 * What a first visit waits for longest comes first: the worker starts and the built-in model is on its way before the page is
 * drawn.
 */
import embeddedUrl from "../../cli/models/camera-motion.safetensors?url";
import { send } from "./port.ts";

async function sendEmbedded(): Promise<void> {
  const bytes = await fetch(embeddedUrl).then(
    (response) => (response.ok ? response.arrayBuffer() : null),
    () => null,
  );
  send({ kind: "embedded", bytes }, bytes === null ? [] : [bytes]);
}

void sendEmbedded();
void import("./main.tsx");
