import { describe, expect, test } from "vitest";
import { backoffMs, usualBackoff } from "../../src/watch/backoff.ts";
import { Camera, type CameraLink, type CameraPicture } from "../../src/watch/camera.ts";
import {
  type CameraFailure,
  type CameraMessage,
  type CameraStart,
  encodeMessage,
  MessageReader,
} from "../../src/watch/camera-protocol.ts";
import { failureText } from "../../src/watch/failures.ts";
import { readLiveSource } from "../../src/watch/live-source.ts";

/** A clock that moves only when everybody waits, to the next alarm. */
class FakeWorld {
  time = 1_000_000;
  readonly #alarms = new Map<object, { readonly at: number; readonly work: () => void }>();

  now = () => this.time;
  random = () => 0.5;

  after(milliseconds: number, work: () => void): () => void {
    const key = {};
    this.#alarms.set(key, { at: this.time + milliseconds, work });
    return () => this.#alarms.delete(key);
  }

  /** Lets time pass until `until`, in milliseconds from the beginning. */
  async pass(until: number): Promise<void> {
    for (;;) {
      await settle();
      const [next] = [...this.#alarms].sort(([, a], [, b]) => a.at - b.at);
      if (!next || next[1].at > 1_000_000 + until) break;
      this.#alarms.delete(next[0]);
      this.time = Math.max(this.time, next[1].at);
      next[1].work();
    }
    this.time = 1_000_000 + until;
  }

  get alarms(): number {
    return this.#alarms.size;
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

/** A process whose messages a test writes. */
class FakeLink implements CameraLink {
  requests: CameraStart[] = [];
  closed = false;
  readonly #messages: (CameraMessage | null)[] = [];
  #wake = () => {};

  request(start: CameraStart): void {
    this.requests.push(start);
  }

  order(): void {}

  async next(): Promise<CameraMessage | null> {
    while (this.#messages.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#messages.shift() ?? null;
  }

  say(...messages: readonly (CameraMessage | null)[]): void {
    this.#messages.push(...messages);
    this.#wake();
  }

  lastWords = async () => "SIGSEGV, bad luck";

  async close(): Promise<void> {
    this.closed = true;
    this.say(null);
  }
}

const shape = { width: 640, height: 360, codec: "h264", container: "rtsp" } as const;
const live: CameraMessage = { kind: "live", ...shape, lanes: 1, quietMs: 5000, fitsMp4: true };

function setUp(source = "rtsp://user:secret@10.0.0.5/sub") {
  const world = new FakeWorld();
  const links: FakeLink[] = [];
  const said: string[] = [];
  const pictures: CameraPicture[] = [];
  const start: CameraStart = {
    ...{ source: readLiveSource(source), transport: "tcp", realtime: false, fps: 5, fullRate: false, region: null },
    ...{
      size: { width: 2, height: 1, fit: "crop" },
      late: "drop",
      gapSeconds: 2,
      connectMs: 10_000,
      readMs: 5000,
      keeps: false,
    },
  };
  const dial = () => {
    const link = new FakeLink();
    links.push(link);
    return link;
  };
  const listener = {
    status: (state: string, message: string) => void said.push(`${state} ${message}`.trim()),
    begin: (lanes: number | null) => void said.push(`begin ${lanes}`),
    clips: () => {},
    problem: (text: string) => void said.push(`problem ${text}`),
    picture: async (picture: CameraPicture) => void pictures.push(picture),
  };
  const camera = new Camera(start, dial, listener, world);
  const picture = (time: number, gap = false): CameraMessage => {
    const facts = { frame: Math.round(5 * time), times: 1, gap, dropped: 0, data: new Uint8Array(6) };
    return { kind: "picture", time, arrived: world.time, ...facts };
  };
  const fail = (failure: CameraFailure): CameraMessage => ({ kind: "failure", failure, detail: "so it is" });
  return { world, links, said, pictures, camera, picture, fail };
}

describe("a camera", () => {
  test("connects, gives pictures, is lost and comes back in the same process", async () => {
    const { world, links, said, pictures, camera, picture, fail } = setUp();
    const run = camera.run();
    await settle();
    links[0]?.say(live, picture(0), picture(0.2));
    await world.pass(400);
    links[0]?.say(fail("timeout"));
    await world.pass(5000);
    links[0]?.say(live, picture(0));
    await settle();
    expect(links).toHaveLength(1);
    expect(links[0]?.requests).toHaveLength(2);
    expect(said).toEqual([
      "connecting",
      "begin 1",
      "live 640×360 h264 (rtsp)",
      "lost so it is; trying again",
      "begin 1",
      "live 640×360 h264 (rtsp)",
    ]);
    expect(pictures.map(({ time }) => time)).toEqual([0, 0.2, 5]);
    await camera.stop();
    expect(await run).toBe(true);
    expect(links[0]?.closed).toBe(true);
    expect(world.alarms).toBe(0);
  });

  test("that stays away is tried at growing intervals, and says so once", async () => {
    const { world, links, said, camera, fail } = setUp();
    const run = camera.run();
    const times: number[] = [];
    await settle();
    for (let i = 1; i < 8; i++) {
      links[0]?.say(fail("refused"));
      const { length } = links[0]?.requests ?? [];
      while (links[0]?.requests.length === length) await world.pass(world.time - 1_000_000 + 10);
      times.push(world.time - 1_000_000);
    }
    const waits = times.map((time, i) => time - (times[i - 1] ?? 0));
    expect(waits.map((wait) => Math.round(wait / 100) * 100)).toEqual([400, 800, 1600, 2400, 2400, 2400, 2400]);
    expect(said).toEqual(["connecting", "lost nothing answers at this address; trying again"]);
    await camera.stop();
    await run;
  });

  test("that refuses the password is tried a few times, then once a minute", async () => {
    const { world, links, camera, fail } = setUp();
    const run = camera.run();
    await settle();
    for (let seconds = 0; seconds < 300; seconds++) {
      links[0]?.say(fail("unauthorized"));
      await world.pass(1000 * seconds);
    }
    expect(links[0]?.requests.length).toBeGreaterThanOrEqual(8);
    expect(links[0]?.requests.length).toBeLessThanOrEqual(11);
    await camera.stop();
    await run;
  });

  test("that stays away for days does not use up one process", async () => {
    const { world, links, camera, fail } = setUp();
    const run = camera.run();
    await settle();
    for (let i = 0; i < 450; i++) {
      links.at(-1)?.say(fail("refused"));
      await world.pass(3000 * (i + 1));
    }
    expect(links.map(({ requests }) => requests.length)).toEqual([200, 200, 51]);
    expect(links.map(({ closed }) => closed)).toEqual([true, true, false]);
    await camera.stop();
    await run;
  });

  test("whose process crashes gets another one", async () => {
    const { world, links, said, camera, picture } = setUp();
    const run = camera.run();
    await settle();
    links[0]?.say(live, picture(0), null);
    await world.pass(3000);
    expect(links).toHaveLength(2);
    expect(links[0]?.closed).toBe(true);
    expect(said.at(-1)).toBe("lost the connection failed (its process ended: SIGSEGV, bad luck); trying again");
    await camera.stop();
    await run;
  });

  test("whose process hangs, before or after its first picture, gets another one", async () => {
    const { world, links, said, camera, picture } = setUp();
    const run = camera.run();
    await world.pass(55_000);
    expect(links).toHaveLength(2);
    expect(said.at(-1)).toBe("lost its process hangs; trying again");
    links[1]?.say(live, picture(0));
    await world.pass(75_000);
    expect(links[1]?.closed).toBe(true);
    expect(links).toHaveLength(3);
    await camera.stop();
    await run;
  });

  test("begins anew after a gap, with as many sessions as before", async () => {
    const { links, said, camera, picture } = setUp();
    const run = camera.run();
    await settle();
    links[0]?.say(live, picture(0), picture(9, true));
    await settle();
    expect(said.filter((line) => line.startsWith("begin"))).toEqual(["begin 1", "begin null"]);
    await camera.stop();
    await run;
  });

  test("that is a file ends with it, and says whether it ended well", async () => {
    for (const [failure, well] of [
      ["ended", true],
      ["noFile", false],
      ["unreadable", false],
    ] as const) {
      const { links, said, camera, fail } = setUp("clip.mp4");
      const run = camera.run();
      await settle();
      links[0]?.say(fail(failure));
      expect(await run).toBe(well);
      expect(said.at(-1)).toMatch(/^lost (?!.*trying again)/);
      expect(links[0]?.closed).toBe(true);
    }
  });

  test("can be stopped at any moment, and leaves nothing behind", async () => {
    for (const at of [0, 300, 700, 2000]) {
      const { world, links, camera, fail } = setUp();
      const run = camera.run();
      await settle();
      links[0]?.say(fail("network"));
      await world.pass(at);
      await camera.stop();
      expect(await run).toBe(true);
      expect(links.every(({ closed }) => closed)).toBe(true);
      expect(world.alarms).toBe(0);
    }
  });
});

test("intervals double up to a limit, and chance shortens them", () => {
  const waits = [1, 2, 3, 4, 9, 1000].map((failures) => backoffMs(usualBackoff, failures, () => 0));
  expect(waits).toEqual([500, 1000, 2000, 3000, 3000, 3000]);
  expect(backoffMs(usualBackoff, 9, () => 1)).toBeCloseTo(1800);
});

test("messages arrive whole, however they are cut", () => {
  const data = Uint8Array.from({ length: 999 }, (_, i) => i);
  const facts = { time: 1.5, arrived: 1e12 + 0.25, frame: 7, times: 1, gap: false, dropped: 2 };
  const sent: CameraMessage[] = [live, { kind: "picture", ...facts, data }, live];
  const bytes = Buffer.concat(sent.map(encodeMessage));
  for (const size of [1, 7, 100, 5000]) {
    const reader = new MessageReader();
    const got: CameraMessage[] = [];
    for (let at = 0; at < bytes.length; at += size) got.push(...reader.add(bytes.subarray(at, at + size)));
    expect(got).toEqual(sent);
  }
});

describe("sources", () => {
  test.each([
    ["rtsp://u:p%40ss@h:8554/a?token=x", "rtsp", "rtsp://***@h:8554/a?token=***"],
    ["https://h/live.m3u8#now", "http", "https://h/live.m3u8#now"],
    ["camera:01", "camera", "camera:1"],
    ["-", "pipe", "-"],
    ["C:/clips/a.mp4", "file", "C:/clips/a.mp4"],
  ])("%s", (source, kind, name) => {
    expect(readLiveSource(source)).toMatchObject({ kind, name });
  });

  test.each([
    ["rtmp://h/a", "unsupported URL scheme rtmp://"],
    ["camera:x", "the number of the camera is missing"],
    ["rtsp://u:p@ss/w@h:70000/a", "it is not a valid URL"],
  ])("%s is refused", (source, problem) => {
    expect(() => readLiveSource(source)).toThrow(expect.objectContaining({ code: "E_WATCH_SOURCE", problem }));
    expect(() => readLiveSource(source)).not.toThrow(/p@ss/);
  });
});

test("what FFmpeg says is one line without passwords", () => {
  const text = failureText("network", "rtsp://u:secret@h/a:\nno\u001b[31m route");
  expect(text).toContain("***@h/a: no");
  for (const part of ["secret", "\n", "\u001b"]) expect(text).not.toContain(part);
});
