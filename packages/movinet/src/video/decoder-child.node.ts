/**
 * The decoding process: FFmpeg's libraries may crash on a hostile file, and must not take the caller down with them.
 * If started with a {@link DecoderStart} as its only argument, it decodes that video, which may come on standard
 * input; otherwise it reads requests as JSON lines from there. It writes messages to file descriptor 3, blocking while
 * nobody reads, and FFmpeg's complaints to standard error. Everything is synchronous, except looking at a server's
 * response: nothing else happens here.
 */
import { AV_LOG_ERROR } from "node-av/constants";
import { Log } from "node-av/lib";
import { watchMemory } from "../common/process.node.ts";
import { isUrl } from "../common/urls.ts";
import { decodeVideo } from "./decode-video.node.ts";
import { Fail, send } from "./decoder-output.node.ts";
import { memoryFor } from "./failures.ts";
import { readStandardInput } from "./input-file.node.ts";
import type { DecoderStart } from "./protocol.ts";

/** Videos to decode: the one in the argument, or those in the lines of standard input. */
function* requests(): Generator<DecoderStart> {
  const [only] = process.argv.slice(2);
  if (only !== undefined) {
    yield JSON.parse(only) as DecoderStart;
    return;
  }
  const buffer = new Uint8Array(1 << 16);
  const decoder = new TextDecoder();
  let text = "";
  for (let length = readStandardInput(buffer); length > 0; length = readStandardInput(buffer)) {
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      yield JSON.parse(line) as DecoderStart;
    }
  }
}

/** Decodes a video; if FFmpeg could not open its URL, the one it redirects to. Throws {@link Fail}. */
async function decode(start: DecoderStart): Promise<void> {
  try {
    decodeVideo(start);
  } catch (error) {
    if (!(error instanceof Fail) || !isUrl(start.url)) throw error;
    if (error.failure !== "unreadable" && error.failure !== "network") throw error;
    const { followRedirects } = await import("./remote.node.ts");
    decodeVideo({ ...start, url: await followRedirects(start.url, error) });
  }
}

watchMemory(memoryFor(0));
// A keyboard interrupt reaches every process: the parent decides what it means.
process.on("SIGINT", () => {});
Log.setLevel(AV_LOG_ERROR);
for (const start of requests()) {
  try {
    await decode(start);
  } catch (error) {
    if (!(error instanceof Fail)) throw error;
    send({ kind: "failure", failure: error.failure, detail: error.message });
  }
}
process.exit(0);
