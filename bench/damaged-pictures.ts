/**
 * Whether a picture that the decoder marks as damaged is nearer to the true one than the last sound picture is:
 * `node bench/damaged-pictures.ts CLIP...` encodes the first 100 pictures of each clip (grey, 320 × 240, a key picture in
 * each 50), damages packets other than key ones in three ways, and compares the pictures that come marked with those of
 * the undamaged stream. Prints the mean error (PSNR in dB) of both choices; `nearer` is the share of marked pictures that
 * are nearer to the truth than what is held. About 20 s a clip.
 */
import { join } from "node:path";
import { AV_FRAME_FLAG_CORRUPT, AV_LOG_QUIET } from "node-av/constants";
import { type Frame as AVFrame, Log, type Packet } from "node-av/lib";
import { openDecoderInput } from "../packages/movinet/src/video/decoder-input.node.ts";
import { PacketReader } from "../packages/movinet/src/video/packets.node.ts";
import { newFrame, PictureReader } from "../packages/movinet/src/video/pictures.node.ts";
import { openVideo } from "../packages/movinet/src/video/video.node.ts";
import { makeVideo } from "../packages/movinet/test/video/make-video.ts";
import { drawer, mean, row, temporaryFolder } from "./material.ts";

const [width, height, count, gop, fps] = [320, 240, 100, 50, 25];
const encoders = {
  libx264: { encoderOptions: { "x264-params": `keyint=${gop}:scenecut=0:bframes=2` } },
  libx265: { encoderOptions: { "x265-params": `keyint=${gop}:scenecut=0:log-level=none` } },
  "libvpx-vp9": {},
  mpeg2video: {},
  mpeg4: {},
};
type Codec = keyof typeof encoders;
const damages = ["dropped", "flipped", "zeroed"] as const;
type Damage = (typeof damages)[number];

const draw = drawer(1);
const drawn = (below: number) => draw() % below;

/** Damages one packet in twenty, but no key packet. False: it is lost. */
function damage(packet: Packet, how: Damage): boolean {
  if (packet.isKeyframe || drawn(1000) >= 50) return true;
  if (how === "dropped") return false;
  const { data, pts, dts, duration, flags, streamIndex, timeBase } = packet;
  const bytes = Buffer.from(data ?? []);
  if (how === "zeroed") bytes.fill(0, bytes.length >> 1);
  else for (let i = 0; i < 4; i++) bytes[8 + drawn(Math.max(1, bytes.length - 8))]! ^= 1 << drawn(8);
  packet.data = bytes;
  Object.assign(packet, { pts, dts, duration, flags, streamIndex, timeBase });
  return true;
}

async function greyPictures(clip: string): Promise<Uint8Array[]> {
  const pictures: Uint8Array[] = [];
  for await (const { data } of openVideo(clip, { fps, size: { width, height, fit: "crop" } })) {
    pictures.push(Uint8Array.from({ length: width * height }, (_, i) => data[3 * i + 1] as number));
    if (pictures.length === count) break;
  }
  return pictures;
}

function encode(file: string, codec: Codec, pictures: readonly Uint8Array[], how: Damage | null): void {
  const fill = (frame: AVFrame, i: number) => {
    const [luma] = frame.data as Buffer[];
    for (let y = 0; y < height; y++)
      luma?.set(pictures[i]!.subarray(y * width, (y + 1) * width), y * frame.linesize[0]!);
  };
  const bitRate = (encoder: { bitRate: bigint }) => {
    encoder.bitRate = 600_000n;
  };
  const packet = (one: Packet) => how === null || damage(one, how);
  const rest = { count: pictures.length, fps, ticks: fps, gop, width, height, picture: fill, encoder: bitRate, packet };
  makeVideo(file, { codec, ...rest, ...encoders[codec] });
}

/** The pictures of a file by their time in milliseconds, and whether they are marked. */
function decode(file: string): Map<number, { luma: Uint8Array; marked: boolean }> {
  const input = openDecoderInput({ url: `file:${file}`, threads: 1 });
  const reader = new PictureReader(input, new PacketReader(input, 1 / fps, null));
  const pictures = new Map<number, { luma: Uint8Array; marked: boolean }>();
  const frame = newFrame();
  for (let next = reader.next(frame); next !== null; next = reader.next(frame)) {
    const luma = new Uint8Array(width * height);
    const [plane] = frame.data as Buffer[];
    const stride = frame.linesize[0]!;
    for (let y = 0; y < height; y++) luma.set(plane!.subarray(y * stride, y * stride + width), y * width);
    const marked = frame.hasFlags(AV_FRAME_FLAG_CORRUPT) || frame.decodeErrorFlags !== 0;
    pictures.set(Math.round(next.time * 1000), { luma, marked });
  }
  input.close();
  return pictures;
}

function squaredError(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;
}

Log.setLevel(AV_LOG_QUIET);
const folder = temporaryFolder();
const clips = await Promise.all(process.argv.slice(2).map(greyPictures));
row("codec,damage,pictures,marked,unmarkedWorse,shownPsnr,heldPsnr,nearer");
for (const codec of Object.keys(encoders) as Codec[]) {
  for (const how of damages) {
    const shown: number[] = [];
    const held: number[] = [];
    let all = 0;
    let silent = 0;
    for (const pictures of clips) {
      const [sound, broken] = [join(folder, "sound.mkv"), join(folder, "broken.mkv")];
      encode(sound, codec, pictures, null);
      encode(broken, codec, pictures, how);
      const truth = decode(sound);
      let last: Uint8Array | null = null;
      for (const [time, { luma, marked }] of decode(broken)) {
        const target = truth.get(time)?.luma;
        all++;
        if (target && marked && last) {
          shown.push(squaredError(luma, target));
          held.push(squaredError(last, target));
        } else if (target && squaredError(luma, target) > 10) silent++;
        if (!marked) last = luma;
      }
    }
    const psnr = (errors: readonly number[]) => (10 * Math.log10(255 ** 2 / mean(errors))).toFixed(2);
    const nearer = shown.filter((one, i) => one < held[i]!).length / shown.length;
    const figures = shown.length > 0 ? [psnr(shown), psnr(held), nearer.toFixed(2)] : ["", "", ""];
    row(codec, how, all, shown.length, silent, ...figures);
  }
}
