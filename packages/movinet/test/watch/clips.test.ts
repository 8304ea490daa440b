import { describe, expect, test } from "vitest";
import type { ClipOrder } from "../../src/watch/camera-protocol.ts";
import { clipPath } from "../../src/watch/clip-names.node.ts";
import { ClipOrders } from "../../src/watch/clip-orders.ts";
import { placeInClip, type Stamped } from "../../src/watch/clip-times.ts";
import { PacketRing } from "../../src/watch/packet-ring.ts";
import { parameterSets } from "../../src/watch/parameter-sets.ts";
import type { WatchEvent } from "../../src/watch/records.ts";

describe("the ring of packets", () => {
  let alive = 0;
  const packet = (arrived: number, isKey: boolean, bytes = 100) => {
    alive++;
    return { arrived, isKey, bytes, free: () => void alive-- };
  };
  /** 25 packets per second with a key packet every second. */
  function filled(seconds: number, keptMs: number, mostBytes: number) {
    alive = 0;
    const ring = new PacketRing<ReturnType<typeof packet>>(keptMs, mostBytes);
    let most = 0;
    for (let i = 0; i < 25 * seconds; i++) {
      ring.add(packet(40 * i, i % 25 === 0));
      most = Math.max(most, ring.bytes);
      expect(ring.bytes).toBe(100 * alive);
    }
    return { ring, most };
  }

  test("keeps a time, from a key packet on", () => {
    const { ring, most } = filled(100, 10_000, 1e9);
    expect(most).toBe(100 * 25 * 11);
    expect(ring.between(0, Infinity)[0]).toMatchObject({ isKey: true, arrived: 89_000 });
    const part = ring.between(92_500, 95_000);
    expect(part[0]).toMatchObject({ isKey: true, arrived: 92_000 });
    expect(part.at(-1)?.arrived).toBe(95_000);
    expect(part).toHaveLength(76);
    ring.clear();
    expect([ring.bytes, alive]).toEqual([0, 0]);
  });

  test("has at most so many bytes, whatever the time", () => {
    const { ring, most } = filled(100, 1e9, 12_345);
    expect(most).toBeLessThanOrEqual(12_345);
    expect(ring.between(0, Infinity)[0]).toMatchObject({ isKey: true });
    expect(alive).toBeGreaterThan(50);
  });

  test("without a key packet in that much, it is empty until the next one", () => {
    alive = 0;
    const ring = new PacketRing<ReturnType<typeof packet>>(1e9, 1000);
    for (let i = 0; i < 500; i++) ring.add(packet(i, i % 100 === 0));
    expect(alive).toBe(0);
    ring.add(packet(500, true));
    expect(ring.between(0, 500)).toHaveLength(1);
    expect(ring.between(0, 499)).toHaveLength(0);
  });
});

describe("times in a clip", () => {
  const at = (pts: number | null, arrived: number, dts: number | null = pts): Stamped => ({
    pts: pts === null ? null : BigInt(pts),
    dts: dts === null ? null : BigInt(dts),
    arrived,
  });
  const placed = (packets: readonly Stamped[]) =>
    placeInClip(packets, 1000).map((one) => one && [Number(one.pts), Number(one.dts)]);

  test("begin at 0", () => {
    expect(placed([at(5000, 0), at(5040, 41), at(5080, 79)])).toEqual([
      [0, 0],
      [40, 40],
      [80, 80],
    ]);
  });

  test("of pictures that refer to later ones, whose order of decoding is not told", () => {
    const shown = [0, 120, 40, 80, 240, 160, 200].map((pts, i) => at(700 + pts, 40 * i, null));
    const result = placed(shown) as [number, number][];
    expect(result.map(([pts]) => pts)).toEqual([0, 120, 40, 80, 240, 160, 200]);
    expect(result.map(([, dts]) => dts)).toEqual([-40, 0, 40, 80, 120, 160, 200]);
  });

  test("leave out what was shown before the first picture", () => {
    expect(placed([at(700, 0), at(620, 1), at(660, 2), at(740, 3)])).toEqual([[0, 0], null, null, [40, 40]]);
  });

  test("follow the wall clock where the stream's time jumps, begins anew, stands still, or is missing", () => {
    expect(placed([at(5000, 0), at(90_000, 40), at(90_040, 80)])?.map((one) => one?.[0])).toEqual([0, 40, 80]);
    expect(placed([at(5000, 0), at(0, 40), at(40, 80)])?.map((one) => one?.[0])).toEqual([0, 40, 80]);
    expect(placed([at(null, 0), at(null, 50), at(null, 90)])?.map((one) => one?.[0])).toEqual([0, 50, 90]);
    expect(placed([at(7, 0), at(7, 40), at(7, 80)])).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
  });
});

describe("parameter sets", () => {
  const unit = (...bytes: readonly number[]) => [0, 0, 0, 1, ...bytes];
  test("are those before the picture, with start codes", () => {
    const packet = Uint8Array.from([
      ...unit(9, 16),
      ...unit(0x67, 1, 2),
      ...unit(0x68, 3),
      ...unit(0x65, 4),
      ...unit(0x67, 5),
    ]);
    expect([...(parameterSets("h264", packet) ?? [])]).toEqual([0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3]);
    const hevc = Uint8Array.from([...unit(0x40, 1), ...unit(0x42, 1, 7), ...unit(0x44, 1), ...unit(0x26, 1, 8)]);
    expect([...(parameterSets("hevc", hevc) ?? [])]).toEqual([0, 0, 1, 0x40, 1, 0, 0, 1, 0x42, 1, 7, 0, 0, 1, 0x44, 1]);
  });

  test("may be absent", () => {
    expect(parameterSets("h264", Uint8Array.from(unit(0x65, 1)))).toBe(null);
    expect(parameterSets("h264", new Uint8Array())).toBe(null);
  });
});

describe("orders of clips", () => {
  const event = { type: "event", source: "door", label: "fall", peak: 0.9 } as const;
  const start = { ...event, phase: "start", start: "2026-01-31T12:00:10.000Z", end: null } as const;
  const end = { ...event, phase: "end", start: start.start, end: "2026-01-31T12:00:20.000Z" } as const;
  const noon = Date.UTC(2026, 0, 31, 12);
  function ordered(events: readonly WatchEvent[], fitsMp4 = true) {
    const orders: ClipOrder[] = [];
    const clips = new ClipOrders(
      (time, label) => `clips/${time}_${label}`,
      (order) => orders.push(order),
    );
    clips.hasClips = fitsMp4;
    return { told: events.map((one) => clips.add(one)), orders };
  }

  test("last from five seconds before the event until two after it", () => {
    const { told, orders } = ordered([start, end]);
    const file = `clips/${start.start}_fall.mp4`;
    const snapshot = `clips/${start.start}_fall.jpg`;
    expect(told).toEqual([
      { ...start, clip: file, snapshot },
      { ...end, clip: file, snapshot },
    ]);
    expect(orders).toEqual([
      { kind: "begin", file, snapshot, from: noon + 5000, until: noon + 65_000 },
      { kind: "end", file, until: noon + 22_000 },
    ]);
  });

  test("last for a minute at most", () => {
    const { orders } = ordered([start, { ...end, end: "2026-01-31T12:30:00.000Z" }]);
    expect(orders.map(({ until }) => until)).toEqual([noon + 65_000, noon + 65_000]);
  });

  test("are null if MP4 cannot contain the codec", () => {
    const { told } = ordered([start, end], false);
    expect(told.map(({ clip }) => clip)).toEqual([null, null]);
    expect(told.map(({ snapshot }) => typeof snapshot)).toEqual(["string", "string"]);
  });
});

describe("names of clips", () => {
  const time = "2026-01-31T12:00:04.200Z";
  test("are those of the camera and the class", () => {
    expect(clipPath("clips", "door", time, "carving ice")).toBe("clips/door/2026-01-31T12-00-04.200Z_carving_ice");
  });

  test.each(["..", "../../etc", "/etc", "a/b", "a\\b", "", ".", "NUL", "Tür", "rtsp://10.0.0.5/sub", "x".repeat(300)])(
    "stay in the folder: %s",
    (name) => {
      const [first, camera = "", file = "", ...more] = clipPath("clips", name, time, name).split("/");
      expect([first, more]).toEqual(["clips", []]);
      expect(camera).toMatch(/^[a-z0-9_-]{0,60}-[0-9a-f]{8}$/);
      expect(file).toBe(`2026-01-31T12-00-04.200Z_${camera}`);
    },
  );

  test("differ if names differ", () => {
    const names = ["a b", "a/b", "A b", "a.b", "ä b", "a\u0000b"];
    expect(new Set(names.map((name) => clipPath("clips", name, time, "x"))).size).toBe(names.length);
  });
});
