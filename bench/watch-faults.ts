/**
 * Seconds from the end of a fault to the next answer of the camera, and the longest pause of another camera meanwhile:
 * `node bench/watch-faults.ts [ROUNDS]`. Needs GStreamer and ffmpeg.
 */
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { CameraServer, makeFile, type Stream, streamOf } from "../packages/movinet/test/watch/cameras.ts";
import { TcpProxy } from "../packages/movinet/test/watch/faulty-network.ts";
import { isPrediction, isStatus, longestPause, Watching } from "../packages/movinet/test/watch/watching.ts";
import { machine, openOfficial, processor, row, temporaryFolder } from "./material.ts";

const [rounds = 3] = process.argv.slice(2).map(Number);
const file = makeFile(temporaryFolder(), { codec: "h264", size: "640x360", rate: 15, seconds: 300 }, "mp4");
const streams: readonly Stream[] = [streamOf("/a", file, "h264")];
const { program } = await openOfficial({ threads: 1 });
const steady = await CameraServer.start({ streams });

/** Causes a fault, waits until it is noticed, ends it. */
type Fault = (proxy: TcpProxy, watching: Watching) => Promise<void>;

const lost = (watching: Watching) => watching.until(isStatus("failing", "lost"), { from: watching.records.length - 1 });
const faults: Readonly<Record<string, Fault>> = {
  "stalled for 10 s": async (proxy, watching) => {
    proxy.stall();
    await Promise.all([sleep(10_000), lost(watching)]);
    proxy.resume();
  },
  "connection reset": async (proxy) => proxy.reset(),
  "server away for 10 s": async (proxy, watching) => {
    const { target } = proxy;
    proxy.target = 9;
    proxy.reset();
    await Promise.all([sleep(10_000), lost(watching)]);
    proxy.target = target;
  },
  "server away for a minute": async (proxy, watching) => {
    const { target } = proxy;
    proxy.target = 9;
    proxy.reset();
    await Promise.all([sleep(60_000), lost(watching)]);
    proxy.target = target;
  },
};

row("machine,processor,fault,round,secondsToAnswer,neighbourLongestPauseSeconds,load");
for (let round = 0; round < rounds; round++) {
  for (const [name, fault] of Object.entries(faults)) {
    const proxy = await new TcpProxy(steady.port).listen();
    const url = (port: number) => `rtsp://127.0.0.1:${port}/a`;
    const watching = new Watching(program, [
      { source: url(proxy.port), name: "failing" },
      { source: url(steady.port), name: "neighbour" },
    ]);
    await watching.until(isPrediction("failing"));
    await watching.until(isPrediction("neighbour"));
    await fault(proxy, watching);
    const ended = Date.now();
    const live = watching.records.length;
    await watching.until(isStatus("failing", "live"), { from: live });
    const answer = await watching.until(isPrediction("failing"), {
      from: watching.records.findLastIndex(isStatus("failing", "live")),
    });
    const pause = longestPause(watching.predictionsOf("neighbour").slice(1));
    row(
      machine,
      `"${processor}"`,
      name,
      round,
      ((answer.noted - ended) / 1000).toFixed(2),
      pause.toFixed(2),
      (loadavg()[0] ?? 0).toFixed(1),
    );
    await watching[Symbol.asyncDispose]();
    await proxy.close();
  }
}
await steady.kill();
await program[Symbol.asyncDispose]();
