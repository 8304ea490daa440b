/** Reads what a copy of a video holds. */
import { createHash } from "node:crypto";
import { AV_NOPTS_VALUE, AVMEDIA_TYPE_AUDIO } from "node-av/constants";
import { avGetCodecName, FormatContext, Packet } from "node-av/lib";
import type { Overlay } from "../../src/video/overlay.ts";
import { openVideo, type VideoOptions } from "../../src/video/video.node.ts";

export interface PacketsOf {
  /** Seconds at which pictures are shown, in order. */
  readonly times: readonly number[];
  /** FFmpeg's names. */
  readonly codecs: readonly string[];
  readonly width: number;
  readonly height: number;
  /** Of sound: what each packet holds, and when it is heard. */
  readonly sound: readonly { readonly hash: string; readonly time: number }[];
}

export function packetsOf(file: string): PacketsOf {
  const format = new FormatContext();
  const packet = new Packet();
  packet.alloc();
  try {
    if (format.openInputSync(file) < 0) throw new Error(`${file} cannot be read`);
    format.findStreamInfoSync(null);
    const video = format.streams.find(({ codecpar }) => codecpar.width > 0);
    if (!video) throw new Error(`${file} has no video`);
    const times: number[] = [];
    const sound: { hash: string; time: number }[] = [];
    while (format.readFrameSync(packet) >= 0) {
      const stream = format.streams[packet.streamIndex];
      if (!stream || packet.pts === AV_NOPTS_VALUE) continue;
      const time = (Number(packet.pts) * stream.timeBase.num) / stream.timeBase.den;
      if (stream.index === video.index) times.push(time);
      else if (stream.codecpar.codecType === AVMEDIA_TYPE_AUDIO) {
        sound.push({
          hash: createHash("sha256")
            .update(packet.data ?? "")
            .digest("hex"),
          time,
        });
      }
      packet.unref();
    }
    const { width, height } = video.codecpar;
    const codecs = format.streams.map(({ codecpar }) => avGetCodecName(codecpar.codecId) ?? "");
    return { times: times.sort((a, b) => a - b), codecs, width, height, sound };
  } finally {
    packet.free();
    format.closeInputSync();
  }
}

/** A rectangle of one grey, not seen through. */
export function greyBox(value: number, place: Omit<Overlay, "data">): Overlay {
  const data = new Uint8Array(place.width * place.height * 4);
  for (let p = 0; p < data.length; p += 4) data.set([value, value, value, 255], p);
  return { ...place, data };
}

/** Copies a video, with what `draw` says for each frame, and returns the warnings. */
export async function copyVideo(
  source: string,
  file: string,
  options: Partial<VideoOptions>,
  draw: (frame: number) => Overlay | null,
): Promise<readonly string[]> {
  const container = file.endsWith(".webm") ? "webm" : "mp4";
  const video = openVideo(source, { fps: 5, ...options, copy: { file, container } });
  let frame = 0;
  for await (const _ of video) video.draw(draw(frame++));
  return video.warnings;
}

/** The mean of the pixels of a place in each picture of a video that has `fps` of them a second. */
export async function greysOf(file: string, fps: number, place: Omit<Overlay, "data">): Promise<number[]> {
  const greys: number[] = [];
  for await (const { data, width } of openVideo(file, { fps })) {
    let sum = 0;
    for (let y = place.top; y < place.top + place.height; y++) {
      for (let i = 3 * (y * width + place.left); i < 3 * (y * width + place.left + place.width); i++)
        sum += data[i] as number;
    }
    greys.push(sum / (3 * place.width * place.height));
  }
  return greys;
}
