/** The inside of a worker thread that runs sessions, so that inference does not block the event loop of its owner. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { nodeEngine } from "../engines/onnxruntime/onnx.node.ts";
import type { ClipSession } from "./clip-session.ts";
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
const streams = new Map<number, StreamSession>();
const clips = new Map<number, ClipSession>();

async function answer(program: Program, call: WorkerCall): Promise<unknown> {
  if (call.method === "openStream") {
    const session = await program.openStream(call.options);
    streams.set(call.session, session);
    return { streams: session.streams, stateBytes: session.stateBytes };
  }
  if (call.method === "openClip") {
    const session = await program.openClip();
    clips.set(call.session, session);
    return session.frames;
  }
  if (call.method === "run") return (clips.get(call.session) as ClipSession).run(call.frames);
  if (call.method === "close") {
    const kinds = [streams, clips];
    const session = kinds.map((sessions) => sessions.get(call.session)).find((found) => found) as AsyncDisposable;
    for (const sessions of kinds) sessions.delete(call.session);
    return session[Symbol.asyncDispose]();
  }
  const session = streams.get(call.session) as StreamSession;
  switch (call.method) {
    case "step":
      return session.step(call.frames);
    case "reset":
      return session.reset(call.stream);
    case "snapshot":
      return session.snapshot(call.stream);
    case "restore":
      return session.restore(call.state, call.stream);
  }
}

async function respond(id: number, spare: ArrayBuffer | null, work: () => Promise<unknown>): Promise<void> {
  let response: WorkerResponse;
  try {
    response = { id, spare, result: await work() };
  } catch (error) {
    response = { id, spare, error: plainError(error) };
  }
  port.postMessage(response, spare ? [spare] : []);
}

await respond(-1, null, async () => {
  const { model, options } = workerData as WorkerStart;
  const program = await Program.compile(model, await nodeEngine(options));
  port.on("message", ({ id, call }: WorkerRequest) => {
    respond(id, "frames" in call ? call.frames.buffer : null, () => answer(program, call));
  });
});
