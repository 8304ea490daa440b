/**
 * The process of a camera: reads, decodes, samples and scales one live stream at a time. It reads what to open as JSON lines from
 * file descriptor 4, ends with it, and writes messages to descriptor 3.
 */
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { AV_LOG_ERROR } from "node-av/constants";
import { Log } from "node-av/lib";
import { watchMemory } from "../common/process.node.ts";
import { memoryFor } from "../video/failures.ts";
import { CameraFail, openCamera } from "./camera-input.node.ts";
import { type CameraMessage, type CameraRequest, type CameraStart, encodeMessage } from "./camera-protocol.ts";
import { Clips, nothingKept } from "./clips.node.ts";
import { sendPictures } from "./live-pictures.node.ts";

const output = new Socket({ fd: 3, readable: false, writable: true });
output.on("error", () => exit());

/** A camera's pictures are alike: its memory does not jump as a hostile file's may. */
const memoryIntervalMs = 250;

/** Sends a message; resolves once there is room for the next. */
function send(message: CameraMessage): Promise<void> {
  if (output.write(encodeMessage(message))) return Promise.resolve();
  return new Promise((resolve) => output.once("drain", resolve));
}

/** Of the connection that is open. */
let clips: Clips | null = null;
let written: Promise<void> = Promise.resolve();

/** Resolves when all clips are written. */
function endClips(): Promise<void> {
  const own = clips;
  clips = null;
  if (own) written = own.end();
  return written;
}

async function exit(): Promise<void> {
  await endClips();
  process.exit(0);
}

async function serve(start: CameraStart): Promise<void> {
  try {
    const input = await openCamera(start);
    try {
      if (start.keeps) clips = new Clips(input, (text) => void send({ kind: "problem", text }));
      await sendPictures(start, input, clips, { send, isFull: () => output.writableNeedDrain });
    } finally {
      await endClips();
      await input.close();
    }
  } catch (error) {
    if (!(error instanceof CameraFail)) throw error;
    await send({ kind: "failure", failure: error.failure, detail: error.message });
  }
}

watchMemory(memoryFor(0), memoryIntervalMs);
// A keyboard interrupt reaches every process: the parent decides what it means.
process.on("SIGINT", () => {});
Log.setLevel(AV_LOG_ERROR);
const requests = createInterface({ input: new Socket({ fd: 4, readable: true, writable: false }) });
let last: Promise<void> = Promise.resolve();
requests.on("line", (line) => {
  const request = JSON.parse(line) as CameraRequest;
  if (request.kind === "open") last = last.then(() => serve(request.start));
  else if (clips) clips.take(request);
  else if (request.kind === "begin") void send({ kind: "problem", text: `${request.file}: ${nothingKept}` });
});
requests.on("close", () => exit());
