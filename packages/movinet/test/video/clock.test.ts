/** One clock: what is decoded from the middle is what is decoded from the beginning; breaks are what the container allows. */
import { appendFileSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CodecContext, Packet } from "node-av/lib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Decoders } from "../../src/video/video.node.ts";
import { type MadeVideo, makeVideo } from "./make-video.ts";
import { expectLaw, see } from "./stretches.ts";

let folder: string;
let decoders: Decoders;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-clock-"));
  decoders = new Decoders();
});
afterAll(async () => {
  await decoders[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const x264 = (options: string) => ({ encoderOptions: { "x264-params": options } });
const closed = x264("bframes=2:keyint=20");
const open = x264("bframes=3:open-gop=1:scenecut=0:keyint=25:min-keyint=25");
const hevc = {
  codec: "libx265",
  encoderOptions: { "x265-params": "bframes=3:open-gop=1:keyint=25:min-keyint=25:log-level=none" },
};
const mpeg2 = {
  codec: "mpeg2video",
  fps: 25,
  count: 450,
  encoder: (encoder: CodecContext) => {
    encoder.maxBFrames = 2;
  },
};
const without = (first: number) => ({ packet: (_: Packet, i: number) => i >= first });
const moved = (ticks: bigint) => ({
  packet: (packet: Packet) => {
    packet.pts += ticks;
    packet.dts += ticks;
    return true;
  },
});
const uneven = (i: number) => i / 10 + ((i * 7) % 5) * 0.017;
const numbers = (count: number, step = 2) => Array.from({ length: count }, (_, k) => step * k);

function made(name: string, options: Partial<MadeVideo>): string {
  const file = join(folder, name);
  const { fps = 10 } = options;
  makeVideo(file, { count: 180, fps, ticks: fps, gop: 12, ...options });
  return file;
}

/** Pieces of 7 s one after another, as `cat` joins files; numbers go on. */
function joined(name: string, pieces: readonly Partial<MadeVideo>[]): string {
  const file = join(folder, name);
  let from = 0;
  for (const [i, piece] of pieces.entries()) {
    const count = piece.count ?? 70;
    appendFileSync(file, readFileSync(made(`${i}-${name}`, { ...piece, count, from })));
    from += count;
  }
  return file;
}

describe("a stretch gives what the whole video gives, and decodes less where it can", () => {
  const always: [string, Partial<MadeVideo>, most: number][] = [
    ["open-gop.mp4", open, 60],
    ["off-key.mp4", { ...open, ...without(5) }, 60],
    ["fragments.mp4", { ...closed, muxerOptions: { movflags: "frag_keyframe+empty_moov" } }, 60],
    ["edit-list.mp4", { ...open, muxerOptions: { avoid_negative_ts: "disabled" }, ...moved(-16_384n) }, 60],
    ["uneven.mp4", { ...open, ticks: 10_000, time: uneven }, 60],
    ["open-gop.mkv", hevc, 60],
    ["off-key.mkv", { ...closed, ...without(5) }, 60],
    ["late.mkv", { ...closed, time: (i) => 3 + i / 10 }, 60],
    ["live.mkv", { ...open, muxerOptions: { live: "1" } }, 60],
    ["plain.webm", { codec: "libvpx-vp9" }, 60],
    ["off-key.webm", { codec: "libvpx", ...without(5) }, 60],
    ["open-gop.ts", open, 60],
    ["off-key.ts", { ...open, ...without(5) }, 60],
    ["hevc.ts", hevc, 60],
    ["wrapping.ts", { ...open, ...moved((1n << 33n) - 90_000n * 8n) }, 60],
    ["mpeg2.ts", mpeg2, 140],
    ["off-key.flv", { ...open, ...without(5) }, 60],
    ["off-key.wmv", { codec: "wmv2", ...without(5) }, 60],
    ["mpeg4.avi", { codec: "mpeg4" }, 60],
    ["theora.ogv", { codec: "libtheora" }, 60],
    ["mpeg2.mpg", mpeg2, 450],
    ["b-pictures.avi", closed, 180],
    ["intra-refresh.ts", x264("intra-refresh=1:keyint=20:bframes=0"), 180],
    ["plain.h264", closed, 180],
  ];
  test.each(always)("%s", async (name, options, most) => {
    const parts = await expectLaw(decoders, made(name, options), [
      [11.1, 12.3],
      [14.06, 15.5],
    ]);
    for (const { video } of parts) {
      expect(video.warnings).toEqual([]);
      expect(video.pictures).toBeLessThanOrEqual(most);
    }
  });

  test.each<[string, Partial<MadeVideo>[]]>([
    ["joined.ts", [140, 140].map((count) => ({ ...closed, count }))],
    ["joined-short.ts", Array.from({ length: 18 }, () => ({ ...closed, count: 10 }))],
    [
      "joined-off-key.ts",
      [
        { ...open, ...without(7) },
        { ...open, ...without(9) },
        { ...closed, ...without(4) },
      ],
    ],
    ["joined-hevc.ts", [hevc, { ...hevc, ...without(5) }, hevc]],
    ["joined.mpg", [170, 170, 170].map((count) => ({ ...mpeg2, count }))],
    ["joined.ogv", [{ codec: "libtheora" }, { codec: "libtheora" }, { codec: "libtheora" }]],
  ])("%s", async (name, pieces) => {
    await expectLaw(decoders, joined(name, pieces), [
      [10.02, 11.1],
      [13, 14],
      [15.5, 16.5],
    ]);
  });
});

describe("kind of break × container", () => {
  test.each([
    ["short.ts", { ...closed, count: 10 }, 2],
    ["short.mpg", { ...mpeg2, count: 25 }, 5],
  ])("pieces of 1 s that begin anew, %s", async (name, piece, step) => {
    const seen = await see(decoders, joined(name, [piece, piece, piece, piece]));
    expect(seen.numbers).toEqual(numbers(20, step));
    expect(seen.video.duration).toBeCloseTo(4, 1);
    expect(seen.video.warnings).toEqual(["its timestamps jump 3 times; the jumps were skipped"]);
  });

  const jump = (seconds: number, ticks = 1000) => ({
    ticks,
    time: (i: number) => i / 10 + (i >= 40 ? seconds : 0),
    count: 80,
  });
  const across = (seconds: number) => [
    ...numbers(20),
    ...Array(5 * seconds).fill(39),
    ...numbers(20).map((n) => 40 + n),
  ];

  test.each(["mp4", "mkv", "flv", "wmv"])("100 s forth in %s are time, and told of", async (extension) => {
    const codec = extension === "wmv" ? { codec: "wmv2" } : closed;
    const seen = await see(decoders, made(`far.${extension}`, { ...codec, ...jump(100) }));
    expect(seen.numbers).toEqual(across(100));
    expect(seen.video.warnings).toEqual(["no new frames from 4.0 s to 104.0 s"]);
  });

  test("100 s forth in MPEG-TS are none; 5 s are a hole", async () => {
    const far = await see(decoders, made("far.ts", { ...closed, ...jump(100) }));
    expect(far.numbers).toEqual(numbers(40));
    expect(far.video.warnings).toEqual(["its timestamps jump once; the jump was skipped"]);
    const near = await see(decoders, made("near.ts", { ...closed, ...jump(5) }));
    expect(near.numbers).toEqual(across(5));
    expect(near.video.warnings).toEqual(["no new frames from 4.0 s to 9.0 s"]);
  });

  test("pieces that begin anew in Matroska come too late to be shown", async () => {
    const seen = await see(decoders, joined("joined.mkv", [closed, closed]));
    expect(seen.numbers).toEqual(numbers(35));
    expect(seen.video.duration).toBeCloseTo(7, 1);
    expect(seen.video.warnings).toEqual([expect.stringMatching(/^\d+ frames go back in time and were dropped$/)]);
  });
});

test("after a cut within a group of pictures nothing is shown that refers to the piece before", async () => {
  const seen = await see(decoders, joined("cut.ts", [closed, { ...open, ...without(9) }]));
  const known = new Set([...numbers(35), ...numbers(23).map((n) => 95 + n), 69]);
  expect(seen.numbers.filter((number) => !known.has(number))).toEqual([]);
  expect(seen.video.warnings).toContainEqual(expect.stringMatching(/no new frames from 7\.0 s to 8\.\d s/));
});
