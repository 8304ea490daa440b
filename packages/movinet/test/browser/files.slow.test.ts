/** Files in a real browser: on a page and in a worker, a file gives what Node makes of it. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AV_PIX_FMT_YUV420P10LE, AVCOL_PRI_BT2020, AVCOL_SPC_BT2020_NCL, AVCOL_TRC_SMPTE2084 } from "node-av/constants";
import type { CodecContext } from "node-av/lib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, resultOf } from "../../src/common/errors.ts";
import { open } from "../../src/flow/open.node.ts";
import type { Frame } from "../../src/video/frame.ts";
import type { VideoInfo } from "../../src/video/protocol.ts";
import { openVideo } from "../../src/video/video.node.ts";
import { hasShared, officialModel, readManifest, sharedFolder, sharedReason } from "../shared.ts";
import { told } from "../told.ts";
import { makeVideo } from "../video/make-video.ts";
import { hasChromium, type OpenPage, openPage, where } from "./chromium.ts";

const fps = 5;
const size = { width: 172, height: 172, fit: "crop" } as const;

interface Decoded {
  readonly seen: readonly {
    readonly time: number;
    readonly data: string;
    readonly width: number;
    readonly height: number;
  }[];
  readonly info: VideoInfo;
  readonly warnings: readonly string[];
  readonly duration: number;
  readonly pictures: number;
}
interface Classified {
  readonly time: number;
  readonly label: string;
  readonly scores: readonly number[];
}
type Place = "page" | "worker";

let page: OpenPage;
let folder: string;
const served: Record<string, Uint8Array> = {};

async function ask<T>(place: Place, name: string, ...args: readonly unknown[]): Promise<T> {
  return resultOf((await page.page.evaluate(`app.${place}(${JSON.stringify({ name, args })})`)) as Answer<T>);
}

/** Serves a file while something is done with it. */
async function using<T>(file: string, work: (url: string) => Promise<T>): Promise<T> {
  const url = `/${file.split("/").at(-1)}`;
  served[url] = await readFile(file);
  try {
    return await work(url);
  } finally {
    delete served[url];
  }
}
const decode = (file: string, place: Place = "page", ...more: readonly unknown[]) =>
  using(file, (url) => ask<Decoded>(place, "decode", url, { fps, size }, ...more));

const pictureOf = ({ data, width, height, time }: Decoded["seen"][number]): Frame => {
  return { data: new Uint8Array(Buffer.from(data, "base64")), width, height, timestamp: time };
};

/** The mean and the largest difference of pictures, in steps of 8 bits. */
function apart(expected: readonly Frame[], seen: readonly Frame[]): { readonly mean: number; readonly most: number } {
  let [sum, count, most] = [0, 0, 0];
  for (const [i, { data }] of expected.entries()) {
    for (const [at, value] of data.entries()) {
      const difference = Math.abs(value - (seen[i]?.data[at] as number));
      sum += difference;
      most = Math.max(most, difference);
    }
    count += data.length;
  }
  return { mean: sum / count, most };
}

/** Node's times, pictures, length and warnings. */
async function expectAsInNode(file: string, place: Place): Promise<void> {
  const video = openVideo(file, { fps, size });
  const expected = await Array.fromAsync(video);
  const { seen, info, warnings, duration, pictures } = await decode(file, place);
  expect(seen.map(({ time }) => time)).toEqual(expected.map(({ timestamp }) => timestamp));
  const { mean, most } = apart(expected, seen.map(pictureOf));
  expect(mean).toBeLessThan(0.05);
  expect(most).toBeLessThan(8);
  const facts = ({ width, height, rotation }: VideoInfo) => ({ width, height, rotation });
  expect(facts(info)).toEqual(facts(video.info as VideoInfo));
  expect([pictures, warnings]).toEqual([video.pictures, video.warnings]);
  expect(duration).toBeCloseTo(video.duration, 2);
}

async function* frames(values: readonly Frame[]): AsyncGenerator<Frame> {
  yield* values;
}

const shared = (file: string) => `${sharedFolder}/${file}`;
const derived = (name: string) => shared(`videos/derived/${name}`);
const clips = hasShared ? readManifest().filter(({ group }) => group === "k600") : [];
const partTwo = ["cat_basketball.mp4", "cat_benchpress.mp4", "cat_bow.mp4", "sovit_chess_overlay.mp4"];
const partTwoInAvi = ["i3dkeras_cricket.avi", "pyx_test.avi"];
const isPartTwo = (file: string) => [...partTwo, ...partTwoInAvi].some((name) => file.endsWith(name));

describe.skipIf(!hasChromium)(`files ${where}`, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "movinet-files-"));
    const entry = new URL("./files-page.web.ts", import.meta.url);
    page = await openPage({ entry, global: "app", served, workers: "'self'" });
  });
  afterAll(async () => {
    expect(page?.errors ?? []).toEqual([]);
    await page?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  describe("as in Node", () => {
    test.each([
      ["H.264 with B frames", "b.mp4", { count: 60, fps: 24, encoderOptions: { bf: "3" } }],
      ["VP9 at a broken rate", "vp9.webm", { codec: "libvpx-vp9", count: 60, time: (i: number) => (i * 1001) / 24000 }],
      ["a long gap", "gap.mp4", { count: 50, time: (i: number) => i / 25 + (i > 20 ? 3.2 : 0) }],
      ["a late first frame", "late.mkv", { count: 30, time: (i: number) => 0.5 + i / 25 }],
      [
        "HDR in 10 bits",
        "hdr.webm",
        {
          codec: "libvpx-vp9",
          count: 12,
          pixelFormat: AV_PIX_FMT_YUV420P10LE,
          encoder: (encoder: CodecContext) => {
            encoder.colorTrc = AVCOL_TRC_SMPTE2084;
            encoder.colorPrimaries = AVCOL_PRI_BT2020;
            encoder.colorSpace = AVCOL_SPC_BT2020_NCL;
          },
        },
      ],
      ["720 lines, whose colours are BT.709", "large.mp4", { count: 6, width: 1280, height: 720 }],
    ] as const)("%s", async (_, name, options) => {
      const file = join(folder, name);
      makeVideo(file, options);
      await expectAsInNode(file, "page");
    });

    test
      .skipIf(!hasShared)
      .each([
        "soccer_rot90.mp4",
        "soccer_stored_sideways_rot90.mp4",
        "soccer_sar_4_3.mp4",
        "soccer_vfr.mp4",
        "soccer_odd_321x241.webm",
        "soccer_av1.mp4",
        "soccer_h264_10bit.mp4",
        "soccer_h264_444.mp4",
        "soccer_h264_fragmented.mp4",
        "soccer_h264.mts",
        "carving_editlist.mp4",
        "carving_fullrange.mp4",
        "soccer.gif",
        "../edge/mb_cursed-vfr.mp4",
        "../edge/mb_sar_2x1.mp4",
        "../edge/mp_bbb_432_433.webm",
        "../../cases/02-container-aspect/golf-aspect-in-container.webm",
        "../../cases/03-start-after-10s-ts/numbered-joined.ts",
      ])(`%s in a worker${sharedReason}`, async (name) => {
      await expectAsInNode(derived(name), "worker");
    });
  });

  describe.skipIf(!hasShared)(`what is damaged, or no video${sharedReason}`, () => {
    test.each([
      ["broken_truncated_60pct.mp4", /^it ends at 5\.\d s of 8\.4 s; the rest is missing$/],
      ["broken_truncated_60pct.webm", /^it ends at 4\.\d s of 8\.4 s; the rest is missing$/],
      ["soccer_interlaced.mp4", /^its frames may be interlaced/],
      ["broken_bitflips.mp4", /^\d+ frames could not be decoded$/],
      ["../edge/decord_corrupted.mp4", /^\d+ frames could not be decoded$/],
      ["../../cases/07-damaged-mp4-time-grows/h264-zeroed-middle.mp4", /^no new frames from 3\.2 s to/],
    ])("%s says so", async (name, warning) => {
      const { seen, warnings } = await decode(derived(name));
      expect(seen.length).toBeGreaterThan(10);
      expect(warnings).toContainEqual(expect.stringMatching(warning));
    });

    test.each([
      ["broken_no_moov.mp4", "E_VIDEO_UNREADABLE", "its index (the moov atom) is missing"],
      ["broken_random.mp4", "E_VIDEO_UNREADABLE", "this browser cannot read it (unknown format). Convert it"],
      ["broken_text.mp4", "E_VIDEO_UNREADABLE", "it is a text file"],
      ["broken_zero_bytes.mp4", "E_VIDEO_UNREADABLE", "the file is empty"],
      ["audio_only.mp4", "E_VIDEO_NO_STREAM", "it has no video stream, only audio"],
      ["soccer_h265.mp4", "E_VIDEO_CODEC", "this browser cannot decode H.265 (HEVC). Convert it to H.264"],
      ["soccer_theora.ogv", "E_VIDEO_CODEC", "Theora"],
      ["soccer_h264.flv", "E_VIDEO_UNREADABLE", "Flash video (FLV)"],
      ["../../cases/12-encrypted/enc.mp4", "E_VIDEO_ENCRYPTED", "it is encrypted (CENC)"],
      ["../../cases/11-audio-with-cover/song.m4a", "E_VIDEO_NO_STREAM", "only audio"],
    ])("%s gives one line", async (name, code, message) => {
      for (const place of ["page", "worker"] as const) {
        await expect(decode(derived(name), place)).rejects.toThrow(told(code, message));
      }
    });

    test.each([
      ...partTwo.map((name) => [name, `${name}: this browser cannot decode MPEG-4 Part 2 (mp4v). Convert it`]),
      ...partTwoInAvi.map((name) => [
        name,
        `${name}: this browser cannot decode MPEG-4 Part 2 (XVID) in AVI. Convert it`,
      ]),
    ] as const)("%s names its codec", async (name, message) => {
      for (const place of ["page", "worker"] as const) {
        const refused = told("E_VIDEO_CODEC", message);
        await expect(decode(shared(`videos/k600/${name}`), place)).rejects.toThrow(refused);
      }
    });
  });

  describe.skipIf(!hasShared)(`answers${sharedReason}`, () => {
    const model = "/movinet.tflite";
    let recognizer: Awaited<ReturnType<typeof open>>;
    const labels: Record<"node" | "browser", string[]> = { node: [], browser: [] };

    beforeAll(async () => {
      served[model] = await readFile(officialModel);
      recognizer = await open(officialModel, { labels: "kinetics-600", device: "cpu" });
    });
    afterAll(() => recognizer.close());

    test("logits are Node's on the same decoded frames", async () => {
      const file = shared("videos/k600/mma2_part0.mp4");
      const { seen } = await decode(file, "worker");
      const results = await using(file, (url) => ask<Classified[]>("worker", "classify", url, model));
      const expected = await Array.fromAsync(recognizer.classify(frames(seen.map(pictureOf))));
      expect(results.map(({ time }) => time)).toEqual(expected.map(({ time }) => time));
      for (const [i, { scores }] of expected.entries()) {
        // Logits but for a constant, which probabilities do not have.
        const logits = [...scores].map((score, c) => Math.log(score) - Math.log(results[i]?.scores[c] as number));
        const shift = logits.reduce((sum, value) => sum + value, 0) / logits.length;
        expect(Math.max(...logits.map((value) => Math.abs(value - shift)))).toBeLessThan(1e-3);
      }
    });

    test.each(clips.filter(({ file }) => !isPartTwo(file)).map(({ file }) => file))("%s: times, name", async (clip) => {
      const file = shared(`videos/${clip}`);
      const expected = await Array.fromAsync(recognizer.classify(file));
      const results = await using(file, (url) => ask<Classified[]>("worker", "classify", url, model));
      expect(results.map(({ time }) => time)).toEqual(expected.map(({ time }) => time));
      labels.node.push(expected.at(-1)?.predictions[0]?.label as string);
      labels.browser.push(results.at(-1)?.label as string);
    });

    test("at least 20 of the 21 clips that the browser decodes have Node's name", () => {
      const same = labels.node.filter((label, i) => label === labels.browser[i]);
      expect([labels.node.length, same.length >= 20]).toEqual([21, true]);
    });
  });

  describe("decoders and frames are closed", () => {
    const file = () => join(folder, "closed.mp4");
    beforeAll(() => makeVideo(file(), { count: 200, width: 320, height: 240 }));

    test.each(["page", "worker"] as const)("on a %s, whatever ends the loop; few are open at once", async (place) => {
      for (const [ending, count] of [
        ["whole", 40],
        ["break", 3],
        ["abort", 3],
      ] as const) {
        const { seen } = await decode(file(), place, ending);
        expect(seen.length).toBe(count);
        const { open, most } = await ask<{ open: number; most: number }>(place, "frames");
        expect(open).toBe(0);
        expect(most).toBeLessThanOrEqual(20);
      }
    });
  });

  describe("without WebCodecs", () => {
    const file = () => join(folder, "plain.webm");
    beforeAll(async () => {
      makeVideo(file(), { codec: "libvpx", count: 48 });
      for (const place of ["page", "worker"]) await ask(place as Place, "forget");
    });

    test("a page lets a <video> play it, and says what that means", async () => {
      const expected = await Array.fromAsync(openVideo(file(), { fps, size }));
      const { seen, warnings } = await decode(file());
      expect(seen.map(({ time }) => time)).toEqual(expected.map(({ timestamp }) => timestamp));
      expect(warnings).toEqual([
        "the browser's own player decoded it, which does not report damaged or missing frames",
      ]);
    });

    test("a worker names the codec and the way out", async () => {
      const message = "plain.webm: this browser has no WebCodecs to decode VP8. Classify it on a page";
      await expect(decode(file(), "worker")).rejects.toThrow(told("E_VIDEO_CODEC", message));
    });
  });
});
