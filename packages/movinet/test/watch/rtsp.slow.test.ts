import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEngine } from "../../src/engines/device.node.ts";
import { Program } from "../../src/session/program.ts";
import { openModelFile } from "../../src/zoo/lookup.node.ts";
import { officialModel } from "../shared.ts";
import {
  type CameraCodec,
  CameraServer,
  camerasReason,
  hasCameras,
  label,
  makeFile,
  streamFolder,
  streamOf,
} from "./cameras.ts";
import { LossyProxy, TcpProxy } from "./faulty-network.ts";
import { isPrediction, isStatus, longestPause, names, Watching } from "./watching.ts";

/** Recovery takes at most five seconds on a quiet machine (bench/watch.ts); other work may slow it down. */
const patience = { seconds: 20 };

/** Processes of cameras that this process started. */
function children(): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const parent = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return parent === process.pid && command.includes("camera-child") ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}

const commandOf = (pid: number) =>
  readFileSync(`/proc/${pid}/cmdline`, "utf8") + readFileSync(`/proc/${pid}/environ`, "utf8");

describe.skipIf(!hasCameras)(`real cameras${camerasReason}`, () => {
  const folder = streamFolder();
  const files = new Map<string, string>();
  let program: Program;
  let server: CameraServer;
  const url = (path: string, port = server.port, user = "") => `rtsp://${user}127.0.0.1:${port}${path}`;

  beforeAll(async () => {
    for (const [codec, size, rate] of [
      ["h264", "320x240", 25],
      ["h264", "640x360", 15],
      ["h265", "320x240", 25],
      ["mjpeg", "320x240", 10],
    ] as const) {
      files.set(`${codec}-${size}`, makeFile(folder.path, { codec, size, rate, seconds: 300 }, "mp4"));
    }
    const stream = (path: string, codec: CameraCodec, size: string) =>
      streamOf(path, files.get(`${codec}-${size}`) ?? "", codec);
    server = await CameraServer.start({
      streams: [
        stream("/h264", "h264", "320x240"),
        stream("/h265", "h265", "320x240"),
        stream("/mjpeg", "mjpeg", "320x240"),
        stream("/wide", "h264", "640x360"),
      ],
    });
    const model = await openModelFile(officialModel, { labels: "kinetics-600" });
    program = await Program.compile(model, await openEngine({ threads: 1 }));
  });

  afterAll(async () => {
    await server?.kill();
    await program?.[Symbol.asyncDispose]();
    folder.remove();
  });

  test.each([
    ["H.264 over TCP", "/h264", "tcp"],
    ["H.264 over UDP", "/h264", "udp"],
    ["H.265 over TCP", "/h265", "tcp"],
    ["H.265 over UDP", "/h265", "udp"],
    ["Motion JPEG over TCP", "/mjpeg", "tcp"],
    ["Motion JPEG over UDP", "/mjpeg", "udp"],
  ] as const)("%s: the action is named, and answers come five times per second", async (_, path, transport) => {
    const source = url(path);
    await using watching = new Watching(program, [source], { transport });
    await watching.until(names(source, label));
    const from = watching.records.length;
    const first = await watching.until<never>(isPrediction(source), { from });
    await watching.until(
      (record) => record.type === "prediction" && record.time >= (first as { time: number }).time + 4,
    );
    const times = watching.predictionsOf(source).filter(({ time }) => time >= (first as { time: number }).time);
    const { dropped } = times.reduce((sum, { dropped }) => ({ dropped: sum.dropped + dropped }), { dropped: 0 });
    expect(times.length + dropped).toBeGreaterThanOrEqual(18);
    expect(times.length).toBeLessThanOrEqual(23);
    expect(watching.statusesOf(source).map(({ state }) => state)).toEqual(["connecting", "live"]);
    await watching[Symbol.asyncDispose]();
    expect(children()).toEqual([]);
  });

  test("pictures that cannot be decoded without errors give no answers", async () => {
    const file = makeFile(
      folder.path,
      { codec: "mjpeg", size: "320x240", rate: 10, seconds: 90, ownTables: true },
      "mp4",
    );
    const own = await CameraServer.start({ streams: [streamOf("/a", file, "mjpeg")] });
    await using watching = new Watching(program, [{ source: url("/a", own.port), name: "odd" }]);
    await watching.until(isStatus("odd", "lost", /not a single frame can be decoded/), { seconds: 60 });
    expect(watching.predictionsOf("odd")).toEqual([]);
    await watching[Symbol.asyncDispose]();
    await own.kill();
  });

  test.each(["basic", "digest"] as const)("%s authentication, and no password anywhere", async (auth) => {
    const own = await CameraServer.start({
      streams: [streamOf("/a", files.get("h264-320x240") ?? "", "h264")],
      auth,
      password: "s3cret/@1:2",
    });
    const right = url("/a", own.port, "camera:s3cret%2F%401%3A2@");
    const wrong = url("/a", own.port, "camera:gu3ss@");
    await using watching = new Watching(program, [
      { source: right, name: "right" },
      { source: wrong, name: "wrong" },
      url("/a", own.port),
    ]);
    await watching.until(isPrediction("right"));
    await watching.until(isStatus("wrong", "lost", /^the camera refuses this user name and password/));
    await watching.until(isStatus(url("/a", own.port), "lost", /^the camera refuses this user name and password/));
    for (const pid of children()) expect(commandOf(pid)).not.toMatch(/s3cret|gu3ss/);
    watching.watch.add(right.replace("/a", "/b"));
    await watching.until(isStatus(`rtsp://***@127.0.0.1:${own.port}/b`, "lost"));
    expect(JSON.stringify(watching.records)).not.toMatch(/s3cret|gu3ss/);
    await watching[Symbol.asyncDispose]();
    await own.kill();
  });

  describe("when something fails, the camera comes back and another one does not notice", () => {
    /** Watches a camera that fails and one that does not; checks that the latter went on all the time. */
    async function withNeighbour(
      failing: string,
      transport: "tcp" | "udp",
      fail: (watching: Watching) => Promise<void>,
    ) {
      const sources = [
        { source: failing, name: "failing", transport },
        { source: url("/wide"), name: "neighbour" },
      ];
      {
        await using watching = new Watching(program, sources);
        await watching.until(isPrediction("failing"));
        await watching.until(isPrediction("neighbour"));
        await fail(watching);
        expect(watching.statusesOf("neighbour").map(({ state }) => state)).toEqual(["connecting", "live"]);
        expect(longestPause(watching.predictionsOf("neighbour"))).toBeLessThan(2);
      }
      expect(children()).toEqual([]);
    }

    const comesBack = async (watching: Watching) => {
      const from = watching.records.length;
      await watching.until(isStatus("failing", "live"), { from, ...patience });
      await watching.until(isPrediction("failing"), { from: watching.records.length, ...patience });
    };

    test("the camera crashes, and is another one when it is back: another size, codec and clock", async () => {
      const own = await CameraServer.start({ streams: [streamOf("/a", files.get("h264-320x240") ?? "", "h264")] });
      await withNeighbour(url("/a", own.port), "tcp", async (watching) => {
        await own.kill();
        await watching.until(isStatus("failing", "lost"), patience);
        await watching.until(isStatus("failing", "lost", /nothing answers/), patience);
        const streams = [streamOf("/a", files.get("h265-320x240") ?? "", "h265")];
        const other = await CameraServer.start({ streams, port: own.port });
        try {
          await comesBack(watching);
          expect(watching.statusesOf("failing").at(-1)?.message).toMatch(/hevc/);
        } finally {
          await other.kill();
        }
      });
    });

    test("ten seconds in which nothing gets through", async () => {
      const proxy = await new TcpProxy(server.port).listen();
      await withNeighbour(url("/h264", proxy.port), "tcp", async (watching) => {
        proxy.stall();
        await watching.until(isStatus("failing", "lost", /nothing arrived for 5 s/), patience);
        await new Promise((resolve) => setTimeout(resolve, 5000));
        proxy.resume();
        await comesBack(watching);
      });
      await proxy.close();
    });

    test("the connection is reset", async () => {
      const proxy = await new TcpProxy(server.port).listen();
      await withNeighbour(url("/h264", proxy.port), "tcp", async (watching) => {
        proxy.reset();
        await comesBack(watching);
      });
      await proxy.close();
    });

    test("its process crashes, or hangs", async () => {
      await withNeighbour(url("/h264"), "tcp", async (watching) => {
        // The second process was started after the first.
        const neighbour = Math.max(...children());
        for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
          const [pid] = children().filter((pid) => pid !== neighbour);
          process.kill(pid as number, signal);
          const from = watching.records.length;
          const problem = signal === "SIGKILL" ? /its process ended: SIGKILL/ : /its process hangs/;
          await watching.until(isStatus("failing", "lost", problem), { from, seconds: 40 });
          await comesBack(watching);
        }
      });
    });

    test("five of a hundred packets are lost, and others overtake each other", async () => {
      const proxy = await new LossyProxy(server.port, 0.05).listen();
      await withNeighbour(url("/h264", proxy.port), "udp", async (watching) => {
        const from = watching.records.length;
        await watching.until(
          (record) => record.type === "prediction" && record.source === "failing" && record.time > 15,
          patience,
        );
        const predictions = watching.predictionsOf("failing");
        expect(proxy.dropped / (proxy.dropped + proxy.passed)).toBeGreaterThan(0.03);
        expect(predictions.filter(names("failing", label)).length / predictions.length).toBeGreaterThan(0.5);
        expect(watching.records.slice(from).filter(isStatus("failing", "lost"))).toEqual([]);
      });
      await proxy.close();
    });

    test("a wrong password that becomes right", async () => {
      const streams = [streamOf("/a", files.get("h264-320x240") ?? "", "h264")];
      const before = await CameraServer.start({ streams, auth: "digest", password: "old" });
      const source = url("/a", before.port, "camera:new@");
      await using watching = new Watching(program, [{ source, name: "failing" }]);
      await watching.until(isStatus("failing", "lost", /refuses/));
      await before.kill();
      const after = await CameraServer.start({ streams, port: before.port, auth: "digest", password: "new" });
      await comesBack(watching);
      await watching[Symbol.asyncDispose]();
      await after.kill();
    });
  });
});
