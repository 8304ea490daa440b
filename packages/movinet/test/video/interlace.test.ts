/** Interlaced pictures are made whole, and nothing else about them changes. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import {
  AV_CODEC_FLAG_INTERLACED_DCT,
  AV_CODEC_FLAG_INTERLACED_ME,
  AV_FRAME_FLAG_INTERLACED,
  AV_FRAME_FLAG_TOP_FIELD_FIRST,
  AV_PIX_FMT_UYVY422,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV422P10LE,
  AV_PIX_FMT_YUVJ420P,
} from "node-av/constants";
import { Frame as AVFrame, type CodecContext } from "node-av/lib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DecoderInput } from "../../src/video/decoder-input.node.ts";
import { Deinterlacer } from "../../src/video/deinterlacer.node.ts";
import type { Frame } from "../../src/video/frame.ts";
import { openVideo } from "../../src/video/video.node.ts";
import { type MadeVideo, makeVideo } from "./make-video.ts";

let folder: string;
let made = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-interlace-"));
});
afterAll(() => rm(folder, { recursive: true }));

const width = 256;
const height = 240;
const count = 10;

/** Brightness of a soft pattern that moves by 12 pixels from one field to the next, at field `time`. */
function pattern(x: number, y: number, time: number): number {
  const at = x - 12 * time;
  return 128 + 50 * Math.sin(at / 9) + 40 * Math.sin(y / 11 + at / 23);
}

/** Draws each line as it is at its own time: the lines of the second field one later. */
function draw(picture: AVFrame, i: number, second: "top" | "bottom" | null): void {
  const { data, linesize } = picture;
  const [luma, ...chroma] = data as Buffer[];
  for (const plane of chroma) plane.fill(128);
  for (let y = 0; y < height; y++) {
    const late = second !== null && (y % 2 === 0) === (second === "top");
    for (let x = 0; x < width; x++) {
      (luma as Buffer)[y * (linesize[0] as number) + x] = Math.round(pattern(x, y, 2 * i + (late ? 1 : 0)));
    }
  }
}

async function see(extension: string, second: "top" | "bottom" | null, options: Partial<MadeVideo> = {}) {
  const file = join(folder, `${made++}.${extension}`);
  const picture: MadeVideo["picture"] = (frame, i) => {
    draw(frame, i, second);
    options.picture?.(frame, i);
  };
  makeVideo(file, { count, fps: 25, ticks: 25, width, height, ...options, picture });
  const video = openVideo(file, { fps: 25, size: { width: 128, height: 120, fit: "squash" } });
  const frames: Frame[] = [];
  for await (const frame of video) frames.push(frame);
  const times = frames.map(({ timestamp }) => Math.round(timestamp * 25));
  return { frames, times, pictures: video.pictures, duration: video.duration, warnings: video.warnings };
}

/** Mean difference of two videos' pictures, 0..255; of whole clips, so also of first and last pictures. */
function difference(a: readonly Frame[], b: readonly Frame[]): number {
  let sum = 0;
  let values = 0;
  for (const [k, { data }] of a.entries()) {
    const other = (b[k] as Frame).data;
    for (let i = 0; i < data.length; i += 3) sum += Math.abs((data[i] as number) - (other[i] as number));
    values += data.length / 3;
  }
  return sum / values;
}

const interlaced = (first: "top" | "bottom"): Pick<MadeVideo, "encoder" | "picture"> => ({
  encoder: (encoder) => encoder.setFlags(AV_CODEC_FLAG_INTERLACED_DCT, AV_CODEC_FLAG_INTERLACED_ME),
  picture: (picture) => {
    picture.setFlags(AV_FRAME_FLAG_INTERLACED);
    if (first === "top") picture.setFlags(AV_FRAME_FLAG_TOP_FIELD_FIRST);
  },
});
const fine = { b: "8M" };

describe("moving pictures look as they do without fields", () => {
  test.each([
    ["mp4", "libx264", "top", AV_PIX_FMT_YUV420P, {}],
    ["ts", "libx264", "bottom", AV_PIX_FMT_YUV420P, {}],
    ["ts", "mpeg2video", "top", AV_PIX_FMT_YUV420P, fine],
    ["avi", "mpeg4", "top", AV_PIX_FMT_YUV420P, fine],
    ["mkv", "ffv1", "bottom", AV_PIX_FMT_YUV420P, {}],
  ] as const)("%s with %s, %s field first", async (extension, codec, first, pixelFormat, encoderOptions) => {
    const options = { codec, pixelFormat, encoderOptions };
    const whole = await see(extension, null, options);
    const second = first === "top" ? "bottom" : "top";
    const combed = await see(extension, second, options);
    const mended = await see(extension, second, { ...options, ...interlaced(first) });
    for (const key of ["times", "pictures", "duration", "warnings"] as const) expect(mended[key]).toEqual(whole[key]);
    expect(mended.pictures).toBe(count);
    expect(difference(combed.frames, whole.frames)).toBeGreaterThan(14);
    expect(difference(mended.frames, whole.frames)).toBeLessThan(3);
  });

  test.each([
    ["mkv", "mjpeg", AV_PIX_FMT_YUVJ420P],
    ["mkv", "libvpx-vp9", AV_PIX_FMT_YUV420P],
  ])("%s with %s, where only the container tells", async (extension, codec, pixelFormat) => {
    const options = { codec, pixelFormat, encoderOptions: fine };
    const fields: MadeVideo["encoder"] = (encoder: CodecContext) => encoder.setOption("field_order", "tt");
    const whole = await see(extension, null, options);
    const mended = await see(extension, "bottom", { ...options, encoder: fields });
    expect(mended.times).toEqual(whole.times);
    expect(difference(mended.frames, whole.frames)).toBeLessThan(3);
  });

  test("also in formats that the filter does not know", async () => {
    const drawn: MadeVideo["picture"] = (frame) => {
      // Packed: each luma follows its chroma.
      const [bytes] = frame.data as [Buffer];
      const luma = Buffer.from(bytes);
      for (let y = 0; y < height; y++) {
        const row = y * (frame.linesize[0] as number);
        for (let x = 0; x < width; x++) {
          bytes[row + 2 * x] = 128;
          bytes[row + 2 * x + 1] = luma[row + x] as number;
        }
      }
    };
    const options = { codec: "rawvideo", pixelFormat: AV_PIX_FMT_UYVY422 };
    const whole = await see("mov", null, { ...options, picture: drawn });
    const fields: MadeVideo["encoder"] = (encoder) => encoder.setOption("field_order", "tt");
    const mended = await see("mov", "bottom", { ...options, picture: drawn, encoder: fields });
    expect(difference(mended.frames, whole.frames)).toBeLessThan(3);
  });
});

test("what stands still loses little where progressive pictures are flagged by mistake", async () => {
  const still = (frame: AVFrame) => draw(frame, 0, null);
  const plain = await see("mp4", null, { picture: still });
  const flagged = interlaced("top");
  const both: MadeVideo["picture"] = (frame, i) => {
    still(frame);
    flagged.picture?.(frame, i);
  };
  const mended = await see("mp4", null, { ...flagged, picture: both });
  expect(difference(mended.frames, plain.frames)).toBeLessThan(1);
});

/** A picture of which nothing but its number and how it is flagged matters. */
interface Planned {
  readonly interlaced: boolean;
  readonly wide: number;
  readonly deep: boolean;
  readonly gap: number;
}

test("as many pictures come out as go in, in order, with their times, and whole ones unchanged", () => {
  const planned = fc.record({
    interlaced: fc.boolean(),
    wide: fc.constantFrom(2, 32, 48),
    deep: fc.boolean(),
    gap: fc.integer({ min: 0, max: 1000 }),
  });
  // Runs of like pictures, as in a file, and changes between them.
  const video = fc.array(
    fc.tuple(planned, fc.integer({ min: 1, max: 4 })).map(([picture, times]) => Array<Planned>(times).fill(picture)),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(video, (runs) => {
      const pictures = runs.flat();
      const times: bigint[] = [];
      for (const { gap } of pictures) times.push((times.at(-1) ?? 0n) + BigInt(gap));
      let read = 0;
      const input = {
        stream: { codecpar: { hasProperties: () => true } },
        decoder: { getOption: () => "0" },
      } as unknown as DecoderInput;
      const deinterlacer = new Deinterlacer(input, (frame) => {
        const plan = pictures[read];
        if (!plan) return null;
        frame.unref();
        frame.alloc();
        frame.width = plan.wide;
        frame.height = 16;
        frame.format = plan.deep ? AV_PIX_FMT_YUV422P10LE : AV_PIX_FMT_YUV420P;
        frame.getBuffer(0);
        for (const plane of frame.data as Buffer[]) plane.fill(read % 4);
        frame.pts = times[read] as bigint;
        frame.bestEffortTimestamp = times[read] as bigint;
        frame.duration = BigInt(plan.gap);
        if (plan.interlaced) frame.setFlags(AV_FRAME_FLAG_INTERLACED);
        return { number: read++ };
      });
      const frame = new AVFrame();
      frame.alloc();
      let seen = 0;
      for (let next = deinterlacer.next(frame); next !== null; next = deinterlacer.next(frame)) {
        const plan = pictures[seen] as Planned;
        expect(next.number).toBe(seen);
        expect(frame.width).toBe(plan.wide);
        expect([frame.pts, frame.bestEffortTimestamp]).toEqual([times[seen], times[seen]]);
        expect(frame.duration).toBe(BigInt(plan.gap));
        if (!plan.interlaced) for (const plane of frame.data as Buffer[]) expect(plane[0]).toBe(seen % 4);
        seen++;
      }
      expect(seen).toBe(pictures.length);
      expect(deinterlacer.next(frame)).toBeNull();
      deinterlacer.free();
      frame.free();
    }),
    { numRuns: 60 },
  );
});
