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
import { type CameraMessage, type CameraStart, encodeMessage } from "./camera-protocol.ts";
import { sendPictures } from "./live-pictures.node.ts";

const output = new Socket({ fd: 3, readable: false, writable: true });
output.on("error", () => process.exit(0));

/** A camera's pictures are alike: its memory does not jump as a hostile file's may. */
const memoryIntervalMs = 250;

/** Sends a message; resolves once there is room for the next. */
function send(message: CameraMessage): Promise<void> {
  if (output.write(encodeMessage(message))) return Promise.resolve();
  return new Promise((resolve) => output.once("drain", resolve));
}

async function serve(start: CameraStart): Promise<void> {
  try {
    const input = await openCamera(start);
    try {
      await sendPictures(start, input, { send, isFull: () => output.writableNeedDrain });
    } finally {
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
  last = last.then(() => serve(JSON.parse(line) as CameraStart));
});
requests.on("close", () => process.exit(0));
