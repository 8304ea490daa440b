/** Colours of HDR and of wide gamuts become those that the same picture has as ordinary video. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV420P10LE,
  AV_PIX_FMT_YUV422P10LE,
  AV_PKT_DATA_DOVI_CONF,
  AVCOL_PRI_BT709,
  AVCOL_PRI_BT2020,
  AVCOL_PRI_SMPTE432,
  AVCOL_PRI_UNSPECIFIED,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_SPC_CHROMA_DERIVED_NCL,
  AVCOL_SPC_ICTCP,
  AVCOL_SPC_UNSPECIFIED,
  AVCOL_TRC_ARIB_STD_B67,
  AVCOL_TRC_BT709,
  AVCOL_TRC_BT2020_10,
  AVCOL_TRC_SMPTE2084,
} from "node-av/constants";
import type { CodecContext, Stream } from "node-av/lib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openVideo } from "../../src/video/video.node.ts";
import { drawStripes, type MadeVideo, makeVideo } from "./make-video.ts";

let folder: string;
let made = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-colour-"));
});
afterAll(() => rm(folder, { recursive: true }));

type Colour = readonly [number, number, number];
/** RGB of ordinary video, none so bright that HDR would make it a highlight. */
const colours: readonly Colour[] = [
  [0, 0, 0],
  [40, 40, 40],
  [128, 128, 128],
  [225, 225, 225],
  [200, 30, 30],
  [40, 170, 60],
  [30, 60, 190],
  [205, 150, 120],
];

type Tags = Pick<CodecContext, "colorPrimaries" | "colorTrc" | "colorSpace" | "colorRange">;
type Rows = readonly [Colour, Colour, Colour];
interface Encoding {
  readonly tags: Tags;
  /** From RGB of BT.709 to the gamut's. */
  readonly gamut: Rows;
  /** Light, ordinary white being 1, to stored values 0..1. */
  readonly encode: (light: Colour) => Colour;
  /** Shares of red and blue in luma. */
  readonly luma: readonly [number, number];
}

const bt2020: Rows = [
  [0.627404, 0.329283, 0.043313],
  [0.069097, 0.91954, 0.011362],
  [0.016391, 0.088013, 0.895595],
];
const p3: Rows = [
  [0.822462, 0.177538, 0],
  [0.033194, 0.966806, 0],
  [0.017083, 0.072397, 0.91052],
];
const each = ([r, g, b]: Colour, f: (value: number) => number): Colour => [f(r), f(g), f(b)];
const times = (rows: Rows, [r, g, b]: Colour): Colour =>
  rows.map((row) => row[0] * r + row[1] * g + row[2] * b) as unknown as Colour;

function pq(light: number): number {
  const y = (light * 203) / 10000;
  const power = y ** 0.1593017578125;
  return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375;
}

/** On a display of 1000 nits; light of the scene is that of the display without its system gamma of 1.2. */
function hlg(light: Colour): Colour {
  const display = each(light, (value) => (value * 203) / 1000);
  const y = 0.2627 * display[0] + 0.678 * display[1] + 0.0593 * display[2];
  return each(display, (value) => {
    const scene = value === 0 ? 0 : value * y ** (-0.2 / 1.2);
    return scene <= 1 / 12 ? Math.sqrt(3 * scene) : 0.17883277 * Math.log(12 * scene - 0.28466892) + 0.55991073;
  });
}
const gamma = (light: Colour) => each(light, (value) => value ** (1 / 2.4));

const encodings = {
  pq: {
    tags: {
      colorPrimaries: AVCOL_PRI_BT2020,
      colorTrc: AVCOL_TRC_SMPTE2084,
      colorSpace: AVCOL_SPC_BT2020_NCL,
      colorRange: AVCOL_RANGE_MPEG,
    },
    gamut: bt2020,
    encode: (light) => each(light, pq),
    luma: [0.2627, 0.0593],
  },
  hlg: {
    tags: {
      colorPrimaries: AVCOL_PRI_BT2020,
      colorTrc: AVCOL_TRC_ARIB_STD_B67,
      colorSpace: AVCOL_SPC_BT2020_NCL,
      colorRange: AVCOL_RANGE_MPEG,
    },
    gamut: bt2020,
    encode: hlg,
    luma: [0.2627, 0.0593],
  },
  bt2020: {
    tags: {
      colorPrimaries: AVCOL_PRI_BT2020,
      colorTrc: AVCOL_TRC_BT2020_10,
      colorSpace: AVCOL_SPC_BT2020_NCL,
      colorRange: AVCOL_RANGE_MPEG,
    },
    gamut: bt2020,
    encode: gamma,
    luma: [0.2627, 0.0593],
  },
  p3: {
    tags: {
      colorPrimaries: AVCOL_PRI_SMPTE432,
      colorTrc: AVCOL_TRC_BT709,
      colorSpace: AVCOL_SPC_BT709,
      colorRange: AVCOL_RANGE_MPEG,
    },
    gamut: p3,
    encode: gamma,
    luma: [0.2126, 0.0722],
  },
} as const satisfies Record<string, Encoding>;

/** Limited-range luma and chroma on the scale of 8 bits. */
function stored({ gamut, encode, luma: [kr, kb] }: Encoding, light: Colour): Colour {
  const [r, g, b] = encode(each(times(gamut, light), (value) => Math.max(0, value)));
  const y = kr * r + (1 - kr - kb) * g + kb * b;
  return [16 + 219 * y, 128 + (112 * (b - y)) / (1 - kb), 128 + (112 * (r - y)) / (1 - kr)];
}
const lightOf = (colour: Colour) => each(colour, (code) => (code / 255) ** 2.4);

function make(extension: string, lights: readonly Colour[], encoding: Encoding, options: Partial<MadeVideo>): string {
  const file = join(folder, `${made++}.${extension}`);
  const stripes = lights.map((light) => stored(encoding, light));
  const picture: MadeVideo["picture"] = (frame) => drawStripes(frame, stripes);
  const size = { width: 32 * stripes.length, height: 64 };
  makeVideo(file, { count: 2, fps: 5, ticks: 5, ...size, picture, ...options });
  return file;
}

/** Tags for both, or for what the container says alone. */
const inCodec = (tags: Partial<Tags>): Partial<MadeVideo> => ({ encoder: (encoder) => Object.assign(encoder, tags) });
const inContainer = (tags: Partial<Tags>): Partial<MadeVideo> => ({
  stream: ({ codecpar }) => Object.assign(codecpar, tags),
});

/** The colour in the middle of each stripe. */
async function see(file: string, stripes: number): Promise<Colour[]> {
  const video = openVideo(file, { fps: 5 });
  for await (const { data, width, height } of video) {
    return Array.from({ length: stripes }, (_, i) => {
      const at = 3 * ((height >> 1) * width + Math.floor(((i + 0.5) * width) / stripes));
      return [data[at], data[at + 1], data[at + 2]] as unknown as Colour;
    });
  }
  throw new Error("no frame");
}

function furthest(seen: readonly Colour[], wanted: readonly Colour[]): number {
  return Math.max(...seen.flatMap((colour, i) => colour.map((v, c) => Math.abs(v - (wanted[i] as Colour)[c as 0]))));
}

const codecs = [
  ["ts", "libx265", AV_PIX_FMT_YUV420P10LE, inCodec],
  ["mkv", "libx265", AV_PIX_FMT_YUV420P10LE, inContainer],
  ["webm", "libvpx-vp9", AV_PIX_FMT_YUV420P10LE, inContainer],
  ["mkv", "libsvtav1", AV_PIX_FMT_YUV420P10LE, inCodec],
  ["mov", "prores_ks", AV_PIX_FMT_YUV422P10LE, inContainer],
] as const;

describe.each(Object.entries(encodings))("%s looks like ordinary video", (_, encoding) => {
  test.each(codecs)("in %s with %s", async (extension, codec, pixelFormat, tagged) => {
    const quality = codec === "libx265" ? { "x265-params": "log-level=error:crf=4" } : { b: "4M" };
    const options = {
      codec,
      pixelFormat,
      encoderOptions: codec === "prores_ks" ? {} : quality,
      ...tagged(encoding.tags),
    };
    const file = make(extension, colours.map(lightOf), encoding, options);
    expect(furthest(await see(file, colours.length), colours)).toBeLessThanOrEqual(3);
  });
});

const exact = { codec: "ffv1", pixelFormat: AV_PIX_FMT_YUV420P10LE };

test("what is brighter than ordinary white keeps its order up to 1000 nits", async () => {
  for (const encoding of [encodings.pq, encodings.hlg]) {
    const lights = [100, 203, 400, 700, 1000].map((nits) => nits / 203);
    const file = make(
      "mkv",
      lights.map((light) => [light, light, light] as const),
      encoding,
      {
        ...exact,
        ...inContainer(encoding.tags),
      },
    );
    const seen = (await see(file, 5)).map(([, green]) => green);
    for (const [i, wanted] of [190, 244, 253, 254, 255].entries()) {
      expect(Math.abs((seen[i] as number) - wanted)).toBeLessThanOrEqual(1);
    }
  }
});

test("HDR without primaries or matrix has those of BT.2020", async () => {
  const { tags } = encodings.pq;
  const untagged = { ...tags, colorPrimaries: AVCOL_PRI_UNSPECIFIED, colorSpace: AVCOL_SPC_UNSPECIFIED };
  const file = make("mkv", colours.map(lightOf), encodings.pq, { ...exact, ...inContainer(untagged) });
  expect(furthest(await see(file, colours.length), colours)).toBeLessThanOrEqual(3);
});

test("a matrix that follows from the primaries is found", async () => {
  const bt709 = {
    ...encodings.p3,
    gamut: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ] as const,
  };
  const tags = { ...bt709.tags, colorPrimaries: AVCOL_PRI_BT709, colorSpace: AVCOL_SPC_CHROMA_DERIVED_NCL };
  const file = make("mkv", colours.map(lightOf), bt709, { ...exact, ...inContainer(tags) });
  expect(furthest(await see(file, colours.length), colours)).toBeLessThanOrEqual(3);
});

test.each(["libx264", "ffv1", "mpeg4"])("the container's range counts where %s gives none", async (codec) => {
  const picture: MadeVideo["picture"] = (frame) =>
    drawStripes(frame, [
      [16, 128, 128],
      [235, 128, 128],
    ]);
  const grey = async (colorRange: Tags["colorRange"]) => {
    const file = join(folder, `${made++}.mkv`);
    makeVideo(file, { codec, pixelFormat: AV_PIX_FMT_YUV420P, count: 1, picture, ...inContainer({ colorRange }) });
    return (await see(file, 2)).map(([, green]) => green);
  };
  expect(furthest([[...(await grey(AVCOL_RANGE_JPEG)), 0] as never], [[16, 235, 0]])).toBeLessThanOrEqual(2);
  expect(furthest([[...(await grey(AVCOL_RANGE_MPEG)), 0] as never], [[0, 255, 0]])).toBeLessThanOrEqual(2);
});

describe("colours that cannot be made RGB are refused", () => {
  const hevc = {
    codec: "libx265",
    pixelFormat: AV_PIX_FMT_YUV420P10LE,
    encoderOptions: { "x265-params": "log-level=error" },
  };

  test("ICtCp", async () => {
    const tags = { ...encodings.pq.tags, colorSpace: AVCOL_SPC_ICTCP };
    const file = make("ts", colours.map(lightOf), encodings.pq, { ...hevc, ...inCodec(tags) });
    await expect(see(file, 8)).rejects.toMatchObject({
      code: "E_VIDEO_NO_FRAMES",
      subject: file,
      problem: "none of its frames can be decoded (its colours are stored as ICtCp, which is not supported)",
    });
  });

  const dolby = (profile: number, compatible: number) => ({
    stream: ({ codecpar }: Stream) => {
      const bytes = Buffer.of(1, 0, profile, 1, 1, 0, 1, compatible, 0);
      codecpar.addCodedSideData(AV_PKT_DATA_DOVI_CONF, bytes);
    },
  });

  test("Dolby Vision that has no colours for other displays; with them it is read", async () => {
    const { tags } = encodings.hlg;
    const options = { ...hevc, ...inCodec(tags), muxerOptions: { strict: "unofficial" } };
    const alone = make("ts", colours.map(lightOf), encodings.hlg, { ...options, ...dolby(5, 0) });
    await expect(see(alone, 8)).rejects.toMatchObject({
      code: "E_VIDEO_NO_FRAMES",
      problem: expect.stringContaining("its colours need Dolby Vision, profile 5"),
    });
    const both = make("ts", colours.map(lightOf), encodings.hlg, { ...options, ...dolby(8, 4) });
    expect(furthest(await see(both, 8), colours)).toBeLessThanOrEqual(3);
  });
});
