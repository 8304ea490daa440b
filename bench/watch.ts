/**
 * Cameras of GStreamer's RTSP server, watched by the command line: `node bench/watch.ts [SECONDS]`. CPU time of the whole command next to
 * ffmpeg decoding the same stream at the same time, lag, and what a camera costs among several. Needs Linux, GStreamer and ffmpeg.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { loadavg } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "movinet/files";
import type { WatchRecord } from "movinet/watch";
import { officialModel } from "../packages/movinet/test/shared.ts";
import { CameraServer, type MadeFile, makeFile, streamOf } from "../packages/movinet/test/watch/cameras.ts";
import { cpuSeconds } from "./cpu.ts";
import { bin, machine, openOfficial, processor, row, temporaryFolder } from "./material.ts";

const [seconds = 20] = process.argv.slice(2).map(Number);
const warmUp = 6;
const folder = temporaryFolder();

/** What a command cost and printed while it was watched. */
interface Measured {
  /** CPU seconds per second. */
  readonly cores: number;
  readonly ffmpegCores: number;
  readonly perSecond: number;
  readonly dropped: number;
  readonly lagP50: number;
  readonly lagP95: number;
}

row("machine,processor,what,cameras,seconds,cores,ffmpegCores,ratio,answersPerSecond,dropped,lagP50Ms,lagP95Ms,load");
for (let round = 0; round < 3; round++) {
  await measure(
    "noisy 720p25 at 5 per second",
    { codec: "h264", size: "1280x720", rate: 25, seconds: 100, noise: true },
    1,
  );
  await measure("720p25 at 5 per second", { codec: "h264", size: "1280x720", rate: 25, seconds: 200 }, 1);
}
await measure("720p25 at full rate", { codec: "h264", size: "1280x720", rate: 25, seconds: 200 }, 1, "--full-rate");
const small: MadeFile = { codec: "h264", size: "640x360", rate: 15, seconds: 200 };
for (const cameras of [1, 4, 8]) await measure("360p15 at 5 per second", small, cameras);
const stepMs = await stepCost();
row(machine, `"${processor}"`, "CPU of a step of A0 on one thread (ms)", "", "", stepMs.toFixed(2));

/** Watches cameras, and decodes the stream of one with ffmpeg at the same time. */
async function measure(what: string, file: MadeFile, cameras: number, ...options: readonly string[]): Promise<void> {
  const path = makeFile(folder, file, "mp4");
  const streams = Array.from({ length: cameras }, (_, i) => streamOf(`/${i}`, path, file.codec));
  const server = await CameraServer.start({ streams });
  const urls = streams.map(({ path }) => `rtsp://127.0.0.1:${server.port}${path}`);
  const ffmpeg = spawn(
    "ffmpeg",
    ["-v", "error", "-rtsp_transport", "tcp", "-threads", "1", "-i", urls[0] as string, "-f", "null", "-"],
    {
      stdio: "ignore",
    },
  );
  const watching = spawn(
    process.execPath,
    [bin, "watch", ...urls, "--json", "--top", "1", "--model", officialModel, ...options],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  try {
    const { cores, ffmpegCores, perSecond, dropped, lagP50, lagP95 } = await watch(watching, ffmpeg);
    row(
      ...[machine, `"${processor}"`, what, cameras, seconds, cores.toFixed(3), ffmpegCores.toFixed(3)],
      ...[(cores / cameras / ffmpegCores).toFixed(2), perSecond.toFixed(1), dropped],
      ...[lagP50.toFixed(0), lagP95.toFixed(0), (loadavg()[0] ?? 0).toFixed(1)],
    );
  } finally {
    ffmpeg.kill("SIGKILL");
    watching.kill("SIGINT");
    await new Promise((resolve) => watching.once("close", resolve));
    await server.kill();
  }
}

async function watch(watching: ChildProcess, ffmpeg: ChildProcess): Promise<Measured> {
  const lags: number[] = [];
  let dropped = 0;
  let began = Infinity;
  createInterface({ input: watching.stdout as NodeJS.ReadableStream }).on("line", (line) => {
    const record = JSON.parse(line) as WatchRecord;
    if (record.type !== "prediction" || performance.now() < began) return;
    // Until the line was read here, which is later than it was printed.
    lags.push(Date.now() - Date.parse(record.at));
    dropped += record.dropped;
  });
  await sleep(1000 * warmUp);
  const cpu = () => [watching, ffmpeg].map(({ pid }) => cpuSeconds(pid as number).own);
  const [before = [], started] = [cpu(), performance.now()];
  began = started;
  await sleep(1000 * seconds);
  const [own = 0, others = 0] = cpu().map((now, i) => now - (before[i] ?? 0));
  const elapsed = (performance.now() - started) / 1000;
  const facts = { perSecond: lags.length / elapsed, dropped };
  return {
    cores: own / elapsed,
    ffmpegCores: others / elapsed,
    ...facts,
    lagP50: percentile(lags, 50),
    lagP95: percentile(lags, 95),
  };
}

async function stepCost(): Promise<number> {
  const { card, program } = await openOfficial({ threads: 1 });
  const session = await program.openStream({ halfLifeFrames: card.fps });
  const picture = new Float32Array(3 * card.input.width * card.input.height).fill(0.5);
  for (let i = 0; i < 50; i++) await session.step(picture);
  const before = process.cpuUsage();
  const steps = 300;
  for (let i = 0; i < steps; i++) await session.step(picture);
  const { user, system } = process.cpuUsage(before);
  await program[Symbol.asyncDispose]();
  return (user + system) / 1000 / steps;
}
