/** How pictures are shown: aspect, turning and cropping, by container and by codec; info and pixels agree. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV422P10LE,
  AV_PIX_FMT_YUVJ420P,
  AV_PKT_DATA_DISPLAYMATRIX,
  AV_PKT_DATA_FRAME_CROPPING,
} from "node-av/constants";
import {
  type Frame as AVFrame,
  BitStreamFilter,
  BitStreamFilterContext,
  type Packet,
  Rational,
  type Stream,
} from "node-av/lib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Frame } from "../../src/video/frame.ts";
import { Shapes } from "../../src/video/shape.node.ts";
import { openVideo } from "../../src/video/video.node.ts";
import { drawStripes, type MadeVideo, makeVideo } from "./make-video.ts";

let folder: string;
let made = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-shape-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Stored 160×64: a black picture with a white stripe, the third of ten. */
const stripes = Array.from({ length: 10 }, (_, i) => [i === 2 ? 235 : 16, 128, 128]);
function make(extension: string, options: Partial<MadeVideo> = {}): string {
  const file = join(folder, `${made++}.${extension}`);
  const picture: MadeVideo["picture"] = (frame, i) => {
    drawStripes(frame, stripes);
    options.picture?.(frame, i);
  };
  makeVideo(file, { count: 5, fps: 5, ticks: 5, width: 160, height: 64, ...options, picture });
  return file;
}

async function see(file: string, options: Partial<Parameters<typeof openVideo>[1]> = {}) {
  const video = openVideo(file, { fps: 5, ...options });
  const frames: Frame[] = [];
  for await (const frame of video) frames.push(frame);
  return { frame: frames[0] as Frame, frames, info: video.info, warnings: video.warnings };
}

/** Where the white stripe begins and ends along a line through the middle, in pixels; to the nearest. */
function stripeOf({ data, width, height }: Frame, along: "row" | "column" = "row"): [number, number] {
  const length = along === "row" ? width : height;
  const bright = (at: number) => {
    const pixel = along === "row" ? Math.floor(height / 2) * width + at : at * width + Math.floor(width / 2);
    return (data[3 * pixel + 1] as number) > 127;
  };
  const places = Array.from({ length }, (_, at) => at).filter(bright);
  return [places[0] ?? -1, (places.at(-1) ?? -1) + 1];
}

const near = (value: number, wanted: number) => expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1);
function expectStripe(found: [number, number], from: number, to: number): void {
  near(found[0], from);
  near(found[1], to);
}

const aspect = (num: number, den: number) => (stream: Stream) => {
  stream.sampleAspectRatio = new Rational(num, den);
  stream.codecpar.sampleAspectRatio = new Rational(num, den);
};

describe("the container's aspect counts", () => {
  test.each([
    ["mkv", "libx264", AV_PIX_FMT_YUV420P],
    ["mp4", "libx264", AV_PIX_FMT_YUV420P],
    ["webm", "libvpx-vp9", AV_PIX_FMT_YUV420P],
    ["mp4", "libvpx-vp9", AV_PIX_FMT_YUV420P],
    ["mkv", "libsvtav1", AV_PIX_FMT_YUV420P],
    ["mov", "prores_ks", AV_PIX_FMT_YUV422P10LE],
    ["mov", "mjpeg", AV_PIX_FMT_YUVJ420P],
    ["mkv", "mjpeg", AV_PIX_FMT_YUVJ420P],
    ["mkv", "ffv1", AV_PIX_FMT_YUV420P],
    ["avi", "mpeg4", AV_PIX_FMT_YUV420P],
  ])("%s with %s", async (extension, codec, pixelFormat) => {
    const encoder: MadeVideo["encoder"] = (context) => {
      if (extension === "avi") context.sampleAspectRatio = new Rational(2, 1);
    };
    const file = make(extension, { codec, pixelFormat, encoder, stream: aspect(2, 1) });
    const whole = await see(file);
    expect(whole).toMatchObject({ info: { width: 320, height: 64 }, frame: { width: 320, height: 64 }, warnings: [] });
    expectStripe(stripeOf(whole.frame), 64, 96);
    // 320×64 becomes 160×32 to cover 100×32, and loses 30 columns on each side.
    const { frame } = await see(file, { size: { width: 100, height: 32, fit: "crop" } });
    expectStripe(stripeOf(frame), 2, 18);
  });

  test("also against the codec's", async () => {
    const encoder: MadeVideo["encoder"] = (context) => {
      context.sampleAspectRatio = new Rational(1, 1);
    };
    const { info } = await see(make("mkv", { encoder, stream: aspect(1, 2) }));
    expect(info).toMatchObject({ width: 160, height: 128 });
  });

  test("and the codec's where the container has none, picture by picture", async () => {
    const parts = [2, 1].map((num, i) => {
      const encoder: MadeVideo["encoder"] = (context) => {
        context.sampleAspectRatio = new Rational(num, 1);
      };
      return make("ts", { encoder, gop: 1, time: (k) => i + k / 5 });
    });
    const file = join(folder, "joined.ts");
    await writeFile(file, Buffer.concat(await Promise.all(parts.map((part) => readFile(part)))));
    const { info, frames } = await see(file, { size: { width: 100, height: 32, fit: "crop" } });
    expect(info).toMatchObject({ width: 320, height: 64 });
    expect(frames.length).toBeGreaterThanOrEqual(9);
    expectStripe(stripeOf(frames[0] as Frame), 2, 18);
    // 160×64 becomes 100×40.
    expectStripe(stripeOf(frames.at(-1) as Frame), 20, 30);
  });

  test.each([
    [1, 65535],
    [65535, 1],
  ])("but not one that cannot be: %i:%i", async (num, den) => {
    const { info, frame, warnings } = await see(make("mp4", { stream: aspect(num, den) }));
    expect(info).toMatchObject({ width: 160, height: 64 });
    expect(frame).toMatchObject({ width: 160, height: 64 });
    expect(warnings).toEqual([`ignored its impossible pixel aspect ratio ${num}:${den}`]);
  });
});

function margins(left: number, right: number, top: number, bottom: number): Buffer {
  return Buffer.from(Uint32Array.of(top, bottom, left, right).buffer);
}

describe("the container's cropping counts", () => {
  test.each([
    ["mkv", "libx264", AV_PIX_FMT_YUV420P],
    ["mp4", "libx264", AV_PIX_FMT_YUV420P],
    ["webm", "libvpx-vp9", AV_PIX_FMT_YUV420P],
    ["mov", "prores_ks", AV_PIX_FMT_YUV422P10LE],
  ])("%s with %s", async (extension, codec, pixelFormat) => {
    const stream = (to: Stream) => {
      aspect(2, 1)(to);
      to.codecpar.addCodedSideData(AV_PKT_DATA_FRAME_CROPPING, margins(20, 40, 6, 8));
    };
    const { info, frame } = await see(make(extension, { codec, pixelFormat, stream }));
    expect(info).toMatchObject({ width: 200, height: 50 });
    expect(frame).toMatchObject({ width: 200, height: 50 });
    expectStripe(stripeOf(frame), 24, 56);
  });

  test("from an odd column on by one pixel beside, and in pictures of 10 bits with the right colours", async () => {
    const stream = (to: Stream) => {
      to.codecpar.addCodedSideData(AV_PKT_DATA_FRAME_CROPPING, margins(21, 39, 0, 0));
    };
    const { frame } = await see(make("mov", { codec: "prores_ks", pixelFormat: AV_PIX_FMT_YUV422P10LE, stream }));
    expectStripe(stripeOf(frame), 12, 28);
    for (const value of frame.data.subarray(0, 30)) expect(value).toBeLessThan(3);
  });

  test("but not where nothing would be left, as in a picture that is smaller than the others", () => {
    const codecpar = { getCodedSideData: () => margins(100, 60, 0, 0) };
    const shapes = new Shapes({ sampleAspectRatio: new Rational(0, 1), codecpar } as unknown as Stream);
    const sized = (width: number) =>
      ({ width, height: 64, sampleAspectRatio: new Rational(0, 1), getSideData: () => null }) as unknown as AVFrame;
    expect(shapes.of(sized(200)).shown).toEqual({ width: 40, height: 64 });
    expect([...shapes.warnings]).toEqual([]);
    expect(shapes.of(sized(160)).shown).toEqual({ width: 160, height: 64 });
    expect([...shapes.warnings]).toEqual(["ignored its cropping, which would remove the whole frame"]);
  });
});

/** A display matrix that turns pictures clockwise. */
function turned(degrees: number): Buffer {
  const [cos, sin] = [Math.cos, Math.sin].map((f) => Math.round(65536 * f((degrees * Math.PI) / 180))) as [
    number,
    number,
  ];
  return Buffer.from(Int32Array.of(cos, sin, 0, -sin, cos, 0, 0, 0, 1 << 30).buffer);
}
const turnedStream = (degrees: number) => (stream: Stream) => {
  stream.codecpar.addCodedSideData(AV_PKT_DATA_DISPLAYMATRIX, turned(degrees));
};

/** Passes every packet through a bitstream filter. */
function filtered(name: string, options: Record<string, string>): Pick<MadeVideo, "stream" | "packet"> {
  const context = new BitStreamFilterContext();
  return {
    stream: (stream) => {
      context.alloc(BitStreamFilter.getByName(name) as BitStreamFilter);
      stream.codecpar.copy(context.inputCodecParameters as NonNullable<typeof context.inputCodecParameters>);
      for (const [key, value] of Object.entries(options)) context.setOption(key, value);
      if (context.init() < 0) throw new Error(`${name} does not begin`);
    },
    packet: (packet: Packet) => context.sendPacketSync(packet) >= 0 && context.receivePacketSync(packet) >= 0,
  };
}

/** Puts an EXIF orientation behind the start of each JPEG picture. */
function exif(orientation: number): MadeVideo["packet"] {
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  const body = [...Buffer.from("Exif\0\0"), ...tiff];
  const segment = Buffer.from([0xff, 0xe1, 0, body.length + 2, ...body]);
  return (packet) => {
    const data = Buffer.from(packet.data as Buffer);
    packet.data = Buffer.concat([data.subarray(0, 2), segment, data.subarray(2)]);
    return true;
  };
}

describe("pictures are turned", () => {
  /** Stored 160×64 with its stripe at 32..48: clockwise by 90° it runs across at those rows, by 270° at 112..128. */
  const expectTurned = ({ info, frame }: Awaited<ReturnType<typeof see>>, rotation: 90 | 270) => {
    expect(info).toMatchObject({ width: 64, height: 160, rotation });
    expect(frame).toMatchObject({ width: 64, height: 160 });
    if (rotation === 90) expectStripe(stripeOf(frame, "column"), 32, 48);
    else expectStripe(stripeOf(frame, "column"), 112, 128);
  };

  test.each(["mp4", "mkv", "mov"])("by the container %s", async (extension) => {
    expectTurned(await see(make(extension, { stream: turnedStream(90) })), 90);
    expectTurned(await see(make(extension, { stream: turnedStream(270) })), 270);
  });

  test.each(["ts", "mkv", "mp4"])("by the codec, in %s", async (extension) => {
    const turn = filtered("h264_metadata", { display_orientation: "insert", rotate: "90" });
    expectTurned(await see(make(extension, turn)), 270);
  });

  test("by the container where the codec says otherwise", async () => {
    const { stream, packet } = filtered("h264_metadata", { display_orientation: "insert", rotate: "90" });
    const both = (to: Stream) => {
      stream?.(to);
      turnedStream(180)(to);
    };
    const { info } = await see(make("mkv", { stream: both, packet } as Partial<MadeVideo>));
    expect(info).toMatchObject({ width: 160, height: 64, rotation: 180 });
  });

  test.each([
    [6, 90],
    [8, 270],
  ] as const)("by EXIF %i in Motion JPEG", async (orientation, rotation) => {
    const file = make("avi", { codec: "mjpeg", pixelFormat: AV_PIX_FMT_YUVJ420P, packet: exif(orientation) as never });
    expectTurned(await see(file), rotation);
  });

  test("to the nearest quarter turn, and what is more is told", async () => {
    const { info, warnings } = await see(make("mp4", { stream: turnedStream(80) }));
    expect(info).toMatchObject({ rotation: 90 });
    expect(warnings).toEqual(["its rotation is 10° off a quarter turn and was rounded"]);
    expect((await see(make("mp4", { stream: turnedStream(45) }))).warnings).toHaveLength(1);
    expect((await see(make("mp4", { stream: turnedStream(90.4) }))).warnings).toEqual([]);
  });
});
