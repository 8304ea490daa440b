import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEngine } from "../../src/engines/device.node.ts";
import { Program } from "../../src/session/program.ts";
import { openCamera } from "../../src/watch/camera-input.node.ts";
import { readLiveSource } from "../../src/watch/live-source.ts";
import { PacketQueue } from "../../src/watch/packet-queue.node.ts";
import { openModelFile } from "../../src/zoo/lookup.node.ts";
import { officialModel } from "../shared.ts";
import { camerasReason, clip, hasCameras, label, makeFile, streamFolder } from "./cameras.ts";
import { isPrediction, isStatus, names, Watching } from "./watching.ts";

describe.skipIf(!hasCameras)(`other live sources${camerasReason}`, () => {
  const folder = streamFolder();
  let program: Program;
  let http: Server;
  let base: string;
  /** JPEG files of the clip, in a loop. */
  let jpegs: readonly Buffer[];
  let large: string;
  let small: string;

  beforeAll(async () => {
    const model = await openModelFile(officialModel, { labels: "kinetics-600" });
    program = await Program.compile(model, await openEngine({ threads: 1 }));
    large = makeFile(folder.path, { codec: "h264", size: "640x360", rate: 25, seconds: 6 }, "ts");
    small = makeFile(folder.path, { codec: "h264", size: "320x180", rate: 25, seconds: 6 }, "ts");
    const all = execFileSync("ffmpeg", [
      ...["-v", "error", "-i", clip, "-an", "-r", "10", "-s", "320x240", "-pix_fmt", "yuvj420p", "-f", "mjpeg", "-"],
    ]);
    jpegs = splitJpegs(all);
    const playlist = [
      "-c",
      "copy",
      "-f",
      "hls",
      "-hls_time",
      "1",
      "-hls_list_size",
      "6",
      join(folder.path, "live.m3u8"),
    ];
    execFileSync("ffmpeg", [
      "-v",
      "error",
      "-y",
      "-i",
      makeFile(folder.path, { codec: "h264", size: "320x240", rate: 25, seconds: 30 }, "mp4"),
      ...playlist,
    ]);
    http = createServer(async (request, response) => {
      const path = new URL(request.url ?? "", "http://h").pathname;
      if (path === "/mjpeg") {
        response.writeHead(200, { "content-type": "multipart/x-mixed-replace; boundary=frame" });
        for (let i = 0; !response.destroyed; i++) {
          const jpeg = jpegs[i % jpegs.length] as Buffer;
          response.write(`--frame\r\ncontent-type: image/jpeg\r\ncontent-length: ${jpeg.length}\r\n\r\n`);
          response.write(Buffer.concat([jpeg, Buffer.from("\r\n")]));
          await sleep(100);
        }
      } else if (path === "/live.ts") {
        response.writeHead(200, { "content-type": "video/mp2t" });
        await sendPaced(response, [large, small, large]);
      } else {
        const bytes = await readFile(join(folder.path, path)).catch(() => null);
        response.writeHead(bytes ? 200 : 404).end(bytes);
      }
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    http?.closeAllConnections();
    http?.close();
    await program?.[Symbol.asyncDispose]();
    folder.remove();
  });

  test("Motion JPEG over HTTP", async () => {
    const source = `${base}/mjpeg`;
    await using watching = new Watching(program, [source]);
    await watching.until(names(source, label));
    await watching.until((record) => record.type === "prediction" && record.time > 6);
    const count = watching.predictionsOf(source).length;
    expect(count).toBeGreaterThan(25);
    expect(count).toBeLessThan(34);
  });

  test("HLS: parts that come at once are played at their own pace", async () => {
    const source = `${base}/live.m3u8`;
    await using watching = new Watching(program, [source]);
    await watching.until(isStatus(source, "lost", /it ended/));
    const own = watching.predictionsOf(source);
    expect(own.length).toBeGreaterThanOrEqual(4);
    for (const [i, { noted, time }] of own.slice(1).entries()) {
      const before = own[i] as (typeof own)[number];
      expect(Math.abs((noted - before.noted) / 1000 - (time - before.time))).toBeLessThan(0.5);
    }
  });

  test("a stream whose size changes and whose clock begins anew goes on", async () => {
    const source = `${base}/live.ts`;
    await using watching = new Watching(program, [source]);
    await watching.until(isStatus(source, "live", /640×360/));
    await watching.until(isStatus(source, "live", /320×180/));
    const from = watching.records.findIndex(isStatus(source, "live", /320×180/));
    await watching.until(names(source, label), { from });
    await watching.until(isStatus(source, "live", /640×360/), { from });
    await watching.until(isPrediction(source), { from: watching.records.findLastIndex(isStatus(source, "live")) });
    expect(watching.statusesOf(source).map(({ state }) => state)).toEqual(["connecting", "live", "live", "live"]);
    const times = watching.predictionsOf(source).map(({ time }) => time);
    expect(times.every((time, i) => i === 0 || time > (times[i - 1] as number))).toBe(true);
    expect(Math.max(...times.slice(1).map((time, i) => time - (times[i] as number)))).toBeLessThan(2);
  });

  test("a file at its own pace, which ends", async () => {
    const began = Date.now();
    await using watching = new Watching(program, [clip], { realtime: true, onLate: "wait" });
    await watching.done;
    const own = watching.predictionsOf(clip);
    expect(own.map(({ time }) => Math.round(5 * time))).toEqual(own.map((_, i) => i));
    expect(own.length).toBeGreaterThanOrEqual(21);
    expect(own.at(-1)?.predictions[0]?.label).toBe(label);
    expect(Date.now() - began).toBeGreaterThan(4000);
    expect(watching.statusesOf(clip).map(({ state }) => state)).toEqual(["connecting", "live", "lost"]);
    expect(watching.statusesOf(clip).at(-1)?.message).toBe("it ended");
  });

  test("a part of the picture", async () => {
    const source = {
      source: clip,
      region: { left: 0, top: 0, width: 0.2, height: 0.2 },
      onLate: "wait",
      top: 600,
    } as const;
    await using part = new Watching(program, [source], { realtime: true });
    await using whole = new Watching(program, [{ ...source, region: undefined }], { realtime: true });
    await Promise.all([part.done, whole.done]);
    const scoreOf = (watching: Watching) =>
      watching
        .predictionsOf(clip)
        .at(-1)
        ?.predictions.find((one) => one.label === label)?.score;
    expect(scoreOf(whole)).toBeGreaterThan(0.5);
    expect(scoreOf(part)).toBeLessThan(0.3);
  });

  test("what is not there, is not a video, or is not a camera", async () => {
    const text = join(folder.path, "once.txt");
    const missing = join(folder.path, "missing.mp4");
    execFileSync("sh", ["-c", `yes "no video" | head -c 100000 > ${text}`]);
    await using watching = new Watching(program, [missing, text, `${base}/nothing`, "camera:0"], { realtime: true });
    await watching.until(isStatus(missing, "lost", /^no such file$/));
    await watching.until(isStatus(text, "lost", /^FFmpeg cannot read this as a video/));
    await watching.until(isStatus(`${base}/nothing`, "lost", /^the camera has no such stream; trying again$/));
    await watching.until(isStatus("camera:0", "lost", /^this camera cannot be opened \(no camera was found\)/));
  });

  test("cameras come and go, and the last one does not end the watch", async () => {
    await using watching = new Watching(program, [], { realtime: true });
    const first = watching.watch.add({ source: `${base}/mjpeg`, name: "first" });
    await watching.until(isPrediction(first));
    const second = watching.watch.add({ source: `${base}/mjpeg`, name: "second", top: 1 });
    expect(() => watching.watch.add({ source: "camera:0", name: "second" })).toThrow(
      /a source with this name is watched/,
    );
    await watching.until(isPrediction(second));
    await watching.watch.remove(first);
    const from = watching.records.length;
    await watching.until((record) => record.type === "prediction" && record.source === second, { from: from + 5 });
    expect(watching.records.slice(from).some(({ source }) => source === first)).toBe(false);
    await watching.watch.remove(second);
    await expect(watching.watch.remove(second)).rejects.toThrow(/no source with this name/);
    watching.watch.add({ source: `${base}/mjpeg`, name: "third" });
    await watching.until(isPrediction("third"));
  });

  test("packets that wait for a second to be decoded are dropped up to the last key frame", async () => {
    const facts = { transport: "tcp", realtime: false, fps: 5, fullRate: false, region: null } as const;
    const limits = { late: "drop", gapSeconds: 2, connectMs: 10_000, readMs: 5000, keeps: false } as const;
    const size = { width: 172, height: 172, fit: "crop" } as const;
    const input = await openCamera({ source: readLiveSource(small), ...facts, ...limits, size });
    const queue = new PacketQueue(input, "drop", () => {});
    const first = await queue.next();
    expect(first.packet.isKeyframe).toBe(true);
    expect(queue.dropped).toBe(0);
    await sleep(1500);
    const { packet } = await queue.next();
    expect(packet.isKeyframe).toBe(true);
    expect(queue.dropped).toBeGreaterThanOrEqual(100);
    expect(queue.dropped).toBeLessThan(149);
    let left = 0;
    await expect(async () => {
      for (;;) {
        (await queue.next()).packet.free();
        left++;
      }
    }).rejects.toMatchObject({ failure: "ended" });
    expect(left + queue.dropped).toBe(148);
    first.packet.free();
    packet.free();
    await queue.stop();
    await input.close();
  });

  test("standard input", async () => {
    const script = `
      import { openEngine, Program } from "movinet/session";
      import { openModel } from "movinet/files";
      import { watch } from "movinet/watch";
      const program = await Program.compile(await openModel(${JSON.stringify(officialModel)}), await openEngine({ threads: 1 }));
      let last;
      for await (const record of watch(program, ["-"], { onLate: "wait" })) if (record.type === "prediction") last = record;
      console.log(last.predictions[0].index, last.source, last.time);
      await program[Symbol.asyncDispose]();`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      cwd: new URL("../..", import.meta.url),
      stdio: ["pipe", "pipe", "inherit"],
    });
    child.stdin.end(readFileSync(large));
    const text = (await Array.fromAsync(child.stdout, String)).join("");
    const [index, source, time] = text.trim().split(" ");
    expect(index).toBe("72");
    expect(source).toBe("-");
    expect(Number(time)).toBeGreaterThan(1);
  });
});

function splitJpegs(all: Buffer): Buffer[] {
  const starts: number[] = [];
  for (let at = all.indexOf("ffd8ff", 0, "hex"); at >= 0; at = all.indexOf("ffd8ff", at + 3, "hex")) starts.push(at);
  return starts.map((start, i) => all.subarray(start, starts[i + 1]));
}

/** Sends files of six seconds one after another, each in six seconds. */
async function sendPaced(response: import("node:http").ServerResponse, files: readonly string[]): Promise<void> {
  const parts = 60;
  for (const file of files) {
    const bytes = readFileSync(file);
    const step = 188 * Math.ceil(bytes.length / 188 / parts);
    for (let at = 0; at < bytes.length && !response.destroyed; at += step) {
      response.write(bytes.subarray(at, at + step));
      await sleep(100);
    }
  }
  if (!response.destroyed) response.write(readFileSync(files[0] as string).subarray(0, 188 * 200));
}
