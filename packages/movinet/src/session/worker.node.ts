/** The inside of a worker thread that runs sessions, so that inference does not block the event loop of its owner. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { answerOf } from "../common/errors.ts";
import { nodeEngine } from "../engines/onnxruntime/onnx.node.ts";
import type { ClipSession } from "./clip-session.ts";
import { Program } from "./program.ts";
import type { StreamSession } from "./stream-session.ts";
import type { WorkerCall, WorkerRequest, WorkerResponse, WorkerStart } from "./worker-protocol.node.ts";

const port = parentPort as MessagePort;
const sessions = new Map<number, AsyncDisposable>();

async function carryOut(program: Program, number: number, call: WorkerCall): Promise<unknown> {
  const session = sessions.get(number);
  const stream = session as StreamSession;
  switch (call.method) {
    case "openStream": {
      const opened = await program.openStream(call.options);
      sessions.set(number, opened);
      return { streams: opened.streams, stateBytes: opened.stateBytes };
    }
    case "openClip": {
      const opened = await program.openClip();
      sessions.set(number, opened);
      return opened.frames;
    }
    case "step":
      return stream.step(call.frames);
    case "advance":
      return stream.advance(call.frames);
    case "outputs":
      return stream.outputs(call.last);
    case "run":
      return (session as ClipSession).run(call.frames);
    case "reset":
      return stream.reset(call.stream);
    case "snapshot":
      return stream.snapshot(call.stream);
    case "restore":
      return stream.restore(call.state, call.stream);
    case "close":
      sessions.delete(number);
      return session?.[Symbol.asyncDispose]();
  }
}

async function respond(id: number, spare: ArrayBuffer | null, work: () => Promise<unknown>): Promise<void> {
  const response: WorkerResponse = { id, spare, ...(await answerOf(work)) };
  port.postMessage(response, spare ? [spare] : []);
}

await respond(-1, null, async () => {
  const { model, options } = workerData as WorkerStart;
  const program = await Program.compile(model, await nodeEngine(options));
  port.on("message", ({ id, session, call }: WorkerRequest) => {
    const spare = "frames" in call ? (call.frames.buffer as ArrayBuffer) : null;
    respond(id, spare, () => carryOut(program, session, call));
  });
});
