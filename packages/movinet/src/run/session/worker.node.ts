/** The inside of a worker thread that runs sessions, so that inference does not block the event loop of its owner. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { nodeBackend } from "./onnx.node.ts";
import { Program } from "./program.ts";
import type { StreamSession } from "./stream-session.ts";
import {
  plainError,
  type WorkerCall,
  type WorkerRequest,
  type WorkerResponse,
  type WorkerStart,
} from "./worker-protocol.node.ts";

const port = parentPort as MessagePort;
const sessions = new Map<number, StreamSession>();

async function answer(program: Program, call: WorkerCall): Promise<unknown> {
  if (call.method === "open") {
    const session = await program.openStream(call.options);
    sessions.set(call.session, session);
    return { streams: session.streams, stateBytes: session.stateBytes };
  }
  const session = sessions.get(call.session) as StreamSession;
  switch (call.method) {
    case "step":
      return session.step(call.frames);
    case "reset":
      return session.reset(call.stream);
    case "snapshot":
      return session.snapshot(call.stream);
    case "restore":
      return session.restore(call.state, call.stream);
    case "close":
      sessions.delete(call.session);
      return session[Symbol.asyncDispose]();
  }
}

async function respond(id: number, work: () => Promise<unknown>): Promise<void> {
  let response: WorkerResponse;
  try {
    response = { id, result: await work() };
  } catch (error) {
    response = { id, error: plainError(error) };
  }
  port.postMessage(response);
}

await respond(-1, async () => {
  const { model, options } = workerData as WorkerStart;
  const program = await Program.compile(model, await nodeBackend(options));
  port.on("message", ({ id, call }: WorkerRequest) => respond(id, () => answer(program, call)));
});
