/** Pictures of any size, format and colour tags may follow each other, and each comes out in its own colour. */
import fc from "fast-check";
import * as constants from "node-av/constants";
import { Frame as AVFrame, Rational, SoftwareScaleContext, type Stream } from "node-av/lib";
import { expect, test } from "vitest";
import { Scaler } from "../../src/video/scaler.node.ts";
import { Shapes } from "../../src/video/shape.node.ts";

const stream = {
  sampleAspectRatio: new Rational(0, 1),
  codecpar: {
    colorRange: constants.AVCOL_RANGE_UNSPECIFIED,
    colorPrimaries: constants.AVCOL_PRI_UNSPECIFIED,
    colorTrc: constants.AVCOL_TRC_UNSPECIFIED,
    colorSpace: constants.AVCOL_SPC_UNSPECIFIED,
    getCodedSideData: () => null,
  },
} as unknown as Stream;

type Format = AVFrame["format"];
/** Formats, and how far off a colour may be: they hold fewer bits than 8, or none of colour. */
const formats: readonly { readonly format: Format; readonly off: number; readonly grey?: boolean }[] = [
  { format: constants.AV_PIX_FMT_YUV420P, off: 4 },
  { format: constants.AV_PIX_FMT_YUVJ420P, off: 4 },
  { format: constants.AV_PIX_FMT_YUV444P, off: 4 },
  { format: constants.AV_PIX_FMT_YUV410P, off: 4 },
  { format: constants.AV_PIX_FMT_YUV411P, off: 4 },
  { format: constants.AV_PIX_FMT_YUV440P, off: 4 },
  { format: constants.AV_PIX_FMT_NV12, off: 4 },
  { format: constants.AV_PIX_FMT_UYVY422, off: 4 },
  { format: constants.AV_PIX_FMT_P010LE, off: 4 },
  { format: constants.AV_PIX_FMT_YUV420P10LE, off: 4 },
  { format: constants.AV_PIX_FMT_YUV422P10LE, off: 4 },
  { format: constants.AV_PIX_FMT_YUV444P12LE, off: 4 },
  { format: constants.AV_PIX_FMT_YUVA420P, off: 4 },
  { format: constants.AV_PIX_FMT_GBRP, off: 2 },
  { format: constants.AV_PIX_FMT_GBRP10LE, off: 2 },
  { format: constants.AV_PIX_FMT_RGB24, off: 2 },
  { format: constants.AV_PIX_FMT_BGR0, off: 2 },
  { format: constants.AV_PIX_FMT_RGBA, off: 2 },
  { format: constants.AV_PIX_FMT_RGB48LE, off: 2 },
  { format: constants.AV_PIX_FMT_RGB565LE, off: 9 },
  { format: constants.AV_PIX_FMT_GRAY8, off: 4, grey: true },
  { format: constants.AV_PIX_FMT_GRAY16LE, off: 4, grey: true },
];

const side = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(1, 2, 3, 300));
const step = fc.record({
  kind: fc.constantFrom(...formats),
  width: side,
  height: side,
  colour: fc.tuple(...Array.from({ length: 3 }, () => fc.integer({ min: 0, max: 255 }))),
  matrix: fc.constantFrom(
    constants.AVCOL_SPC_UNSPECIFIED,
    constants.AVCOL_SPC_BT709,
    constants.AVCOL_SPC_SMPTE170M,
    constants.AVCOL_SPC_BT2020_NCL,
  ),
  full: fc.boolean(),
  primaries: fc.constantFrom(
    constants.AVCOL_PRI_UNSPECIFIED,
    constants.AVCOL_PRI_BT709,
    constants.AVCOL_PRI_SMPTE170M,
    constants.AVCOL_PRI_BT470BG,
  ),
  interlaced: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function newFrame(width: number, height: number, format: Format): AVFrame {
  const frame = new AVFrame();
  frame.alloc();
  frame.width = width;
  frame.height = height;
  frame.format = format;
  expect(frame.getBuffer(0)).toBeGreaterThanOrEqual(0);
  return frame;
}

const isRgb = ({ kind: { format, off } }: Step) => off === 2 || format === constants.AV_PIX_FMT_RGB565LE;

/** A picture of one colour. */
function paint(plan: Step, colour: readonly number[]): AVFrame {
  const { width, height, kind, matrix, full, primaries } = plan;
  const rgb = newFrame(width, height, constants.AV_PIX_FMT_RGB24);
  rgb.colorSpace = constants.AVCOL_SPC_RGB;
  rgb.colorRange = constants.AVCOL_RANGE_JPEG;
  const [pixels] = rgb.data as [Buffer];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < 3 * width; x++) pixels[y * (rgb.linesize[0] as number) + x] = colour[x % 3] as number;
  }
  const frame = newFrame(width, height, kind.format);
  const isFull = full || isRgb(plan) || kind.format === constants.AV_PIX_FMT_YUVJ420P;
  frame.colorRange = isFull ? constants.AVCOL_RANGE_JPEG : constants.AVCOL_RANGE_MPEG;
  const usual = height < 720 ? constants.AVCOL_SPC_SMPTE170M : constants.AVCOL_SPC_BT709;
  const used = matrix === constants.AVCOL_SPC_UNSPECIFIED ? usual : matrix;
  frame.colorSpace = isRgb(plan) ? constants.AVCOL_SPC_RGB : used;
  const scale = new SoftwareScaleContext();
  scale.allocContext();
  scale.setOption("sws_flags", "bilinear+accurate_rnd+full_chroma_int+full_chroma_inp");
  expect(scale.scaleFrameSync(frame, rgb)).toBeGreaterThanOrEqual(0);
  scale.freeContext();
  rgb.free();
  if (!isRgb(plan)) frame.colorSpace = matrix;
  frame.colorPrimaries = primaries;
  if (plan.interlaced) frame.setFlags(constants.AV_FRAME_FLAG_INTERLACED);
  return frame;
}

test("each picture comes out in its colour, whatever came before it", () => {
  const target = fc.record({
    width: fc.integer({ min: 8, max: 60 }),
    height: fc.integer({ min: 8, max: 60 }),
    fit: fc.constantFrom("crop" as const, "squash" as const),
  });
  fc.assert(
    fc.property(target, fc.array(step, { minLength: 1, maxLength: 5 }), (size, steps) => {
      const scaler = new Scaler(size, stream, new Shapes(stream));
      for (const plan of steps) {
        const [grey] = plan.colour;
        const colour = plan.kind.grey ? [grey, grey, grey] : plan.colour;
        const frame = paint(plan, colour as number[]);
        const data = scaler.picture(frame, size);
        expect(data).toHaveLength(size.width * size.height * 3);
        let most = 0;
        for (const [i, value] of data.entries()) most = Math.max(most, Math.abs(value - (colour[i % 3] as number)));
        expect(most).toBeLessThanOrEqual(plan.kind.off);
        frame.free();
      }
      scaler.free();
    }),
    { numRuns: 150 },
  );
});
