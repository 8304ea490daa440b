import { type Signature, signatureOf } from "../common/signatures.ts";
import { latin } from "../common/text.ts";
import type { Failure } from "./failures.ts";

/** The supported formats, by FFmpeg's names. FFmpeg knows many more, and mistakes other files for some of them. */
const containers =
  "mov matroska avi mpegts mpeg flv live_flv kux asf ogg mxf gxf nut nuv rm ivr wtv dv dhav ty pva nsv lxf mlv swf roq smjpeg smk bink flic cine";
/** Animated images, and raw video streams. `jpeg_pipe` is Motion JPEG too. */
const pictures =
  "gif apng webp_anim jpegxl_anim jpeg_pipe mjpeg ivf obu av1 h261 h263 h264 hevc vvc evc m4v mpegvideo mpjpeg cavsvideo avs2 avs3 vc1 vc1test dirac dnxhd yuv4mpegpipe";
/** Audio, to distinguish it from unknown files. */
const sound = "aac ac3 aiff amr ape au caf dsf dts eac3 flac loas mp3 mpc mpc8 tta voc w64 wav wv";

/** Names of formats that may be opened, for FFmpeg's option `format_whitelist`. */
export const formatWhitelist: string = `${containers} ${pictures} ${sound}`.replaceAll(" ", ",");

/** Whether one of an FFmpeg format's names is a container, which may need more than its beginning. */
export function isContainer(names: string): boolean {
  const known = containers.split(" ");
  return names.split(",").some((name) => known.includes(name));
}

/** FFmpeg's score for a mere guess: texts and noise get no more, videos do. */
export const guessed = 25;

/** What a file is if not a video, from its first bytes. */
export interface Recognised {
  readonly failure: Failure;
  readonly detail: string;
}

/** What a file with a known signature is, instead of a video. */
const meanings: Readonly<Record<Signature["kind"], (name: string) => Recognised>> = {
  picture: (name) => ({ failure: "picture", detail: name }),
  archive: (name) => ({ failure: "unreadable", detail: `it is an archive (${name})` }),
  "ZIP archive": () => ({ failure: "unreadable", detail: "it is a ZIP archive or an office document" }),
  PDF: () => ({ failure: "unreadable", detail: "it is a PDF document" }),
};

/** Possible beginnings of XML. */
const prologue = "^(?:\\xef\\xbb\\xbf)?\\s*(?:<\\?xml[^>]*>\\s*)?(?:<!--[\\s\\S]*?-->\\s*)*";

/** Other beginnings, in Latin-1. */
const patterns: readonly (readonly [begin: RegExp, failure: Failure, detail: string])[] = [
  [/^(MZ|\x7fELF)/, "unreadable", "it is a program"],
  [/^SQLite format 3/, "unreadable", "it is a database"],
  [/^version https:\/\/git-lfs/, "pointer", ""],
  [/^\s*#EXTM3U/, "playlist", "an HLS or M3U playlist"],
  [/^\s*\[playlist\]/i, "playlist", "a PLS playlist"],
  [/^ffconcat version/, "playlist", "a list of files (ffconcat)"],
  [/^v=0\r?\no=/, "playlist", "a live stream description (SDP)"],
  [new RegExp(`${prologue}<MPD`), "playlist", "a DASH playlist"],
  [new RegExp(`${prologue}<(SmoothStreamingMedia|playlist|smil|asx)`, "i"), "playlist", "a playlist"],
  [new RegExp(`${prologue}<(!doctype html|html|head|body)`, "i"), "unreadable", "it is a web page"],
  [new RegExp(`${prologue}(<!doctype svg[^>]*>\\s*)?<svg`, "i"), "picture", "an SVG image"],
  [
    /^(\xef\xbb\xbf)?WEBVTT|^(\xef\xbb\xbf)?\s*\d\r?\n\d\d:\d\d:\d\d,|^\s*\[Script Info\]/,
    "unreadable",
    "it is a subtitle file",
  ],
];

/** Recognizes files that are not videos by their first bytes (some thousand are enough); null if it does not. */
export function recognise(head: Uint8Array): Recognised | null {
  const bytes = head.subarray(0, 4096);
  const signature = signatureOf(bytes);
  if (signature) return meanings[signature.kind](signature.name);
  const text = latin(bytes);
  const [, failure, detail] = patterns.find(([begin]) => begin.test(text)) ?? [];
  if (failure !== undefined && detail !== undefined) return { failure, detail };
  if (bytes.every((byte) => byte === 0)) {
    return { failure: "damaged", detail: "it begins with only zero bytes, like an unfinished download" };
  }
  return isText(bytes) ? { failure: "unreadable", detail: "it is a text file" } : null;
}

/** Whether bytes look like text: no control characters but those of texts, and few above 127. */
function isText(bytes: Uint8Array): boolean {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const isControl = (byte: number) =>
    (byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d) && byte !== 0x1b) || byte === 0x7f;
  return isUtf16 || (!bytes.some(isControl) && bytes.filter((byte) => byte > 0x7f).length < bytes.length / 2);
}
