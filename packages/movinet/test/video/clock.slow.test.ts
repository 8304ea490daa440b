/** The law of stretches, for drawn videos: containers, codecs, groups of pictures, joins, cuts, losses and uneven times. */
import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, test } from "vitest";
import { Decoders } from "../../src/video/video.node.ts";
import { makeVideo } from "./make-video.ts";
import { expectLaw } from "./stretches.ts";

let folder: string;
let decoders: Decoders;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-law-"));
  decoders = new Decoders();
});
afterAll(async () => {
  await decoders[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const x265 = (options: string) => ({ "x265-params": `${options}:log-level=none` });
const containers = [
  { extension: "mp4", codecs: ["libx264", "libx265", "mpeg4"], joins: false },
  { extension: "mkv", codecs: ["libx264", "libx265", "libvpx-vp9", "libsvtav1"], joins: false },
  { extension: "webm", codecs: ["libvpx", "libvpx-vp9"], joins: false },
  { extension: "flv", codecs: ["libx264", "flv"], joins: false },
  { extension: "avi", codecs: ["libx264", "mpeg4"], joins: false },
  { extension: "wmv", codecs: ["wmv2"], joins: false },
  { extension: "ts", codecs: ["libx264", "libx265", "mpeg2video"], joins: true },
  { extension: "mpg", codecs: ["mpeg1video", "mpeg2video"], joins: true },
  { extension: "h264", codecs: ["libx264"], joins: true },
  { extension: "ogv", codecs: ["libtheora", "libvpx"], joins: true },
];

const drawn = fc.constantFrom(...containers).chain(({ extension, codecs, joins }) =>
  fc.record({
    extension: fc.constant(extension),
    codec: fc.constantFrom(...codecs),
    pieces: fc.array(
      fc.record({ seconds: fc.integer({ min: 1, max: 14 }), cut: fc.oneof(fc.constant(0), fc.nat({ max: 20 })) }),
      joins ? { minLength: 1, maxLength: 3 } : { minLength: 1, maxLength: 1 },
    ),
    gop: fc.integer({ min: 5, max: 60 }),
    disordered: fc.nat({ max: 3 }),
    open: fc.boolean(),
    uneven: fc.boolean(),
    lossy: fc.boolean(),
    later: fc.constantFrom(0, 0.5, 3),
    stretches: fc.array(fc.tuple(fc.integer({ min: 500, max: 850 }), fc.integer({ min: 20, max: 100 })), {
      minLength: 2,
      maxLength: 3,
    }),
  }),
);

test("a stretch gives what the whole video gives", async () => {
  let made = 0;
  await fc.assert(
    fc.asyncProperty(
      drawn,
      async ({ extension, codec, pieces, gop, disordered, open, uneven, lossy, later, stretches }) => {
        const fps = codec.startsWith("mpeg1") || codec.startsWith("mpeg2") ? 25 : 10;
        const fixed = fps === 25 || extension === "avi" || extension === "ogv";
        const file = join(folder, `${made++}.${extension}`);
        const keys = `keyint=${gop}:min-keyint=${Math.min(gop, 5)}:bframes=${disordered}:open-gop=${open ? 1 : 0}`;
        const options = { libx264: { "x264-params": keys }, libx265: x265(keys) }[codec] ?? {};
        for (const [i, { seconds, cut }] of pieces.entries()) {
          const piece = `${file}-${i}.${extension}`;
          makeVideo(piece, {
            codec,
            fps,
            gop,
            encoderOptions: options,
            count: (pieces.length === 1 ? 10 + seconds : seconds) * fps,
            from: 200 * i,
            ticks: fixed ? fps : 1000,
            time: (k) => (fixed ? 0 : later) + k / fps + (uneven && !fixed ? ((k * 7) % 5) * 0.017 : 0),
            encoder: (encoder) => {
              if (/^mpeg[124]/.test(codec)) encoder.maxBFrames = disordered;
            },
            packet: (packet, k) => k >= cut && (!lossy || packet.isKeyframe || (k * 7919) % 37 !== 5),
          });
          appendFileSync(file, readFileSync(piece));
          rmSync(piece);
        }
        await expectLaw(
          decoders,
          file,
          stretches.map(([start, length]) => [start / 50, (start + length) / 50] as const),
        );
        rmSync(file);
      },
    ),
    { numRuns: 60 },
  );
});
