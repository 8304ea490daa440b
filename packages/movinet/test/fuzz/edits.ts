/**
 * Edits numbered videos at the muxer. Sound ones must give every picture at its time and no warning; damaged ones may show
 * a wrong picture, or miss some, only where a warning says so. Stretches must give what the whole gives.
 */
import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { CodecContext, Packet } from "node-av/lib";
import { type Decoders, Decoders as SharedDecoders } from "../../src/video/video.node.ts";
import { type MadeVideo, makeVideo } from "../video/make-video.ts";
import { see } from "../video/stretches.ts";
import { type Draw, pick } from "./mutate.ts";

const fps = 25;
/** So many frames per second are looked at. */
const look = 5;
/** Pictures that a shown one may be off. */
const off = 3;

interface Container {
  readonly codecs: readonly string[];
  readonly sound: string | null;
  /** Whether a first picture after 0 can be stored. */
  readonly late?: boolean;
  /** Whether it keeps a time for each picture, finer than a rate. */
  readonly timed?: boolean;
  /** Whether pieces may be joined by their bytes. */
  readonly joins?: boolean;
  /** Whether its writer stretches the picture before a gap, so that nothing is missing in the file. */
  readonly stretches?: boolean;
  readonly options?: Partial<MadeVideo>;
}

const containers: Readonly<Record<string, Container>> = {
  mp4: { codecs: ["libx264", "libx265", "mpeg4", "libsvtav1"], sound: "aac", late: true, timed: true, stretches: true },
  "frag.mp4": {
    codecs: ["libx264", "libx265"],
    sound: "aac",
    timed: true,
    stretches: true,
    options: { muxerOptions: { movflags: "frag_keyframe+empty_moov" } },
  },
  mov: { codecs: ["mjpeg", "libx264", "mpeg4"], sound: "aac", late: true, timed: true, stretches: true },
  mkv: { codecs: ["libx264", "libx265", "libvpx-vp9", "mpeg4", "mjpeg"], sound: "libopus", late: true, timed: true },
  webm: { codecs: ["libvpx", "libvpx-vp9", "libsvtav1"], sound: "libopus", late: true, timed: true },
  flv: { codecs: ["libx264", "flv"], sound: "aac", late: true, timed: true },
  wmv: { codecs: ["wmv2"], sound: "wmav2", late: true, timed: true },
  avi: { codecs: ["mpeg4", "mjpeg"], sound: "mp2" },
  ts: { codecs: ["libx264", "libx265", "mpeg2video"], sound: "aac", late: true, joins: true },
  mpg: { codecs: ["mpeg1video", "mpeg2video"], sound: "mp2", late: true, joins: true },
  ogv: { codecs: ["libtheora"], sound: "libvorbis", joins: true },
};

function encoderOf(draw: Draw, codec: string, container: Container): Omit<MadeVideo, "count"> {
  const gop = pick(draw, [5, 12, 25, 50]);
  const disordered = pick(draw, [0, 0, 2, 3]);
  const open = draw(2);
  const keys = `keyint=${gop}:min-keyint=${Math.min(gop, 5)}:bframes=${disordered}:open-gop=${open}:scenecut=0`;
  const fixed = /^mpeg|theora|mjpeg|wmv|^flv$/.test(codec) || !container.timed;
  const options: Record<string, Record<string, string>> = {
    libx264: { "x264-params": keys, preset: "veryfast" },
    libx265: { "x265-params": `${keys}:log-level=none`, preset: "ultrafast" },
    "libvpx-vp9": { deadline: "realtime", "cpu-used": "8" },
    libvpx: { deadline: "realtime", "cpu-used": "8" },
    libsvtav1: { preset: "12" },
  };
  return {
    ...container.options,
    codec,
    gop,
    fps,
    ...(codec === "mjpeg" && { pixelFormat: 12 }),
    ...(fixed && { ticks: fps }),
    ...(options[codec] && { encoderOptions: options[codec] }),
    encoder: (encoder: CodecContext) => {
      if (/^mpeg[124]/.test(codec)) encoder.maxBFrames = disordered;
    },
  };
}

/** What was made: when which picture is there, and what has to be said. */
interface Made {
  readonly what: string;
  /** Times and numbers of the pictures that are there, in order, since the first. */
  readonly pictures: readonly { readonly time: number; readonly number: number }[];
  /** Whether nothing is wrong with it. */
  readonly sound: boolean;
  /** Whether a reader must say something. */
  readonly mustTell: boolean;
  /**
   * Numbers of pictures, from one to another, of which nobody can know that they are wrong: a few packets that are missing
   * look as if the recorder had left these pictures out, and what follows refers to them up to the next key picture.
   */
  readonly unknowable?: readonly [from: number, to: number];
}

type Edit = (draw: Draw, path: string, container: Container, made: Omit<MadeVideo, "count">) => Made | null;

const steady = (count: number) => Array.from({ length: count }, (_, number) => ({ time: number / fps, number }));

/** Leaves out the packets that are coded from `from` to `to`; returns the pictures that are left. */
const leaveOut = (from: number, to: number) => ({ packet: (_: Packet, i: number) => i < from || i >= to });

export const edits: Readonly<Record<string, Edit>> = {
  plain: (draw, path, _, made) => {
    const count = 40 + draw(260);
    makeVideo(path, { ...made, count });
    return { what: `${count}`, pictures: steady(count), sound: true, mustTell: false };
  },
  "other sound": (draw, path, { sound }, made) => {
    if (sound === null) return null;
    const count = 50 + draw(200);
    const seconds = 1 + draw(16);
    makeVideo(path, { ...made, count, sound: { codec: sound, seconds } });
    return { what: `${count / fps} s, sound ${seconds} s`, pictures: steady(count), sound: true, mustTell: false };
  },
  "late first picture": (draw, path, { late, sound }, made) => {
    if (!late) return null;
    const count = 50 + draw(200);
    // FFmpeg looks for 5 s at what a program stream holds: of a video that begins later it learns the order too late.
    const delay = (1 + draw(path.endsWith(".mpg") ? 100 : 200)) / fps;
    const silence = draw(2) === 0 || sound === null ? {} : { sound: { codec: sound, seconds: 1 + draw(16) } };
    makeVideo(path, { ...made, count, ...silence, time: (i) => delay + i / fps });
    const what = `${count} from ${delay} s, ${JSON.stringify(silence)}`;
    return { what, pictures: steady(count), sound: true, mustTell: false };
  },
  "uneven times": (draw, path, { timed }, made) => {
    if (!timed) return null;
    const count = 60 + draw(200);
    const times: number[] = [];
    let at = 0;
    // As phones record: a few pictures come late, a few are left out.
    for (let i = 0; i < count; i++) {
      times.push(at);
      at += draw(20) === 0 ? (2 + draw(4)) / fps : 1 / fps;
    }
    makeVideo(path, { ...made, ticks: made.ticks ?? 90_000, count, time: (i) => times[i] as number });
    const pictures = times.map((time, number) => ({ time, number }));
    return { what: `${count}`, pictures, sound: true, mustTell: false };
  },
  "slides and stills": (draw, path, { timed }, made) => {
    if (!timed || made.codec === "flv") return null;
    const count = 20 + draw(60);
    const times: number[] = [];
    let at = 0;
    for (let i = 0; i < count; i++) {
      times.push(at);
      at += (1 + draw(100)) / fps;
    }
    makeVideo(path, { ...made, ticks: made.ticks ?? 1000, count, time: (i) => times[i] as number });
    return {
      what: `${count}`,
      pictures: times.map((time, number) => ({ time, number })),
      sound: true,
      mustTell: false,
    };
  },
  "joined pieces": (draw, path, { joins, sound }, made) => {
    if (!joins) return null;
    const pieces = 2 + draw(4);
    const extension = path.split(".").at(-1);
    rmSync(path, { force: true });
    let from = 0;
    const goesOn = draw(2) === 0 && extension === "ts";
    for (let i = 0; i < pieces; i++) {
      const count = 25 + draw(150);
      const piece = `${path}.${extension}`;
      const first = from;
      const time = goesOn ? (k: number) => (first + k) / fps : (k: number) => k / fps;
      const silence = sound !== null && extension === "ts" && draw(3) === 0;
      makeVideo(piece, {
        ...made,
        count,
        from,
        time,
        ...(goesOn && { muxerOptions: { mpegts_copyts: "1", muxdelay: "0", muxpreload: "0" } }),
        ...(silence && { sound: { codec: sound, seconds: goesOn ? 0 : count / fps } }),
      });
      appendFileSync(path, readFileSync(piece));
      rmSync(piece);
      from += count;
    }
    const what = `${pieces} pieces of ${from}${goesOn ? ", stamps go on" : ""}`;
    return { what, pictures: steady(from), sound: goesOn, mustTell: false };
  },
  "lost packets": (draw, path, { stretches }, made) => {
    const count = 150 + draw(150);
    const from = 30 + draw(60);
    const lost = 1 + draw(50);
    makeVideo(path, { ...made, count, ...leaveOut(from, from + lost) });
    const what = `${lost} from ${from} of ${count}`;
    const unknowable = [from - 10, from + lost + (made.gop ?? 0) + 10] as const;
    return { what, pictures: steady(count), sound: false, mustTell: lost > 20 && !stretches, unknowable };
  },
  "lost key packet": (draw, path, _, made) => {
    const count = 150 + draw(150);
    const key = 1 + draw(3);
    const keys: number[] = [];
    makeVideo(path, {
      ...made,
      count,
      packet: (packet, i) => !packet.isKeyframe || keys.push(i) !== key + 1,
    });
    const unknowable = [(keys[key] ?? count) - 10, (keys[key + 1] ?? count) + 10] as const;
    return { what: `${key} of ${count}`, pictures: steady(count), sound: false, mustTell: false, unknowable };
  },
  "ruined packets": (draw, path, _, made) => {
    // In VP8, and in the few bytes that HEVC has here, wrong data are pictures too; of MPEG-1 and 2 the parser finds pictures
    // by their marks, so ruined ones are gone as if nobody had recorded them.
    if (["libvpx", "libx265", "mpeg1video", "mpeg2video"].includes(made.codec ?? "")) return null;
    const count = 150 + draw(150);
    const from = 30 + draw(60);
    const ruined = 1 + draw(50);
    const byte = draw(256);
    const packet = (one: Packet, i: number) => {
      if (i < from || i >= from + ruined) return true;
      const { pts, dts, duration, flags, streamIndex, timeBase } = one;
      one.data = Buffer.from(one.data ?? []).fill(byte, 8);
      Object.assign(one, { pts, dts, duration, flags, streamIndex, timeBase });
      return true;
    };
    makeVideo(path, { ...made, count, packet });
    const what = `${ruined} from ${from} of ${count} by ${byte}`;
    return { what, pictures: steady(count), sound: false, mustTell: false };
  },
  "a stamp far off": (draw, path, { timed }, made) => {
    if (!timed && !path.endsWith(".ts")) return null;
    const count = 150 + draw(150);
    const from = 30 + draw(60);
    const run = 1 + draw(30);
    const seconds = pick(draw, [0.3, 1.5, 4, 30, 1000]);
    const packet = (one: Packet, i: number) => {
      if (i < from || i >= from + run) return true;
      const { num, den } = one.timeBase;
      const ticks = BigInt(Math.round((seconds * den) / num));
      one.pts += ticks;
      one.dts += ticks;
      return true;
    };
    makeVideo(path, { ...made, count, packet });
    const what = `${run} from ${from} of ${count} by ${seconds} s`;
    return { what, pictures: steady(count), sound: false, mustTell: false };
  },
};

let shared: Decoders | null = null;

/** Resolves to whether there was an answer. Throws where it is wrong and nothing says so, or a sound video is warned of. */
export async function editCase(draw: Draw, folder: string, only?: string): Promise<boolean> {
  shared ??= new SharedDecoders();
  const edit = only ?? pick(draw, Object.keys(edits));
  const extension = pick(draw, Object.keys(containers));
  const container = containers[extension] as Container;
  const codec = pick(draw, container.codecs);
  const path = join(folder, `edit.${extension}`);
  let made: Made | null = null;
  try {
    made = (edits[edit] as Edit)(draw, path, container, encoderOf(draw, codec, container));
  } catch {
    // Some muxers refuse what is edited.
  }
  if (made === null) return false;
  const what = `${edit} (${made.what}), ${extension}, ${codec}`;
  const { pictures } = made;
  const whole = await see(shared, path, { fps: look });
  const { warnings, duration } = whole.video;
  if (made.sound && warnings.length > 0) throw new Error(`${what}: a false alarm: ${warnings}`);
  if (made.mustTell && warnings.length === 0) throw new Error(`${what}: nothing is said`);
  if (warnings.length === 0) {
    const at = (time: number) => pictures.findLast((picture) => picture.time <= time + 1e-3)?.number ?? 0;
    const isUnknowable = (number: number) => {
      return made.unknowable !== undefined && number >= made.unknowable[0] && number <= made.unknowable[1];
    };
    const wrong = whole.numbers
      .map((number, k) => ({ number, time: k / look }))
      .filter(({ number, time }) => Math.abs(number - at(time)) > off && !isUnknowable(at(time)));
    if (wrong.length > 0) {
      const some = wrong.slice(0, 3).map(({ time, number }) => `${number} at ${time.toFixed(1)} s`);
      throw new Error(`${what}: ${wrong.length} of ${whole.numbers.length} are wrong, and nothing says so: ${some}`);
    }
    const last = pictures.at(-1)?.time ?? 0;
    if (duration < last - 0.3 || duration > last + 5) throw new Error(`${what}: it lasts ${duration} s of ${last}`);
    // Where pieces go on, the muxer moves the first one by the delay of its decoding.
    if (made.sound && Math.abs(whole.numbers.length - (Math.floor(last * look + 1e-6) + 1)) > (container.joins ? 1 : 0))
      throw new Error(`${what}: ${whole.numbers.length} frames of ${last * look + 1}`);
  }
  // A decoder that is begun in the middle may do better where it had lost its way.
  if (duration > 10.4 && !warnings.some((warning) => warning.includes("could not be decoded"))) {
    const start = Math.round((10 + (draw(1000) / 1000) * (Math.min(duration, 60) - 10.2)) * look) / look;
    const part = await see(shared, path, { fps: look, start, end: start + 1 });
    const cut = whole.numbers.slice(Math.round(start * look), Math.round(start * look) + look);
    if (part.numbers.join() !== cut.join())
      throw new Error(`${what}: from ${start} s on ${part.numbers} are seen, not ${cut}`);
  }
  return true;
}
