import { VideoError } from "../common/errors.ts";
import { mostStill } from "./sampling.ts";

interface Meaning {
  readonly code: `E_VIDEO_${string}`;
  /** What is wrong, given the detail from the decoding process. */
  readonly problem: (detail: string) => string;
  readonly remedy: string;
}

const said = (detail: string) => detail;

/** The reasons why a video yields nothing, with their messages. */
const failures = {
  notFound: { code: "E_VIDEO_NOT_FOUND", problem: said, remedy: "Pass a video file, a folder of videos, or a URL" },
  url: { code: "E_VIDEO_URL", problem: said, remedy: "Pass a file, an http(s) URL, or - for standard input" },
  notFile: {
    code: "E_VIDEO_UNREADABLE",
    problem: (detail) => `it is ${detail}, not a file`,
    remedy: "Pass a file, or pass - and pipe the video to standard input",
  },
  empty: { code: "E_VIDEO_UNREADABLE", problem: () => "the file is empty", remedy: "Pass a video file" },
  denied: { code: "E_VIDEO_UNREADABLE", problem: said, remedy: "Check its permissions" },
  loop: { code: "E_VIDEO_UNREADABLE", problem: said, remedy: "Fix the symlink: it points to itself" },
  folder: {
    code: "E_VIDEO_FOLDER",
    problem: (detail) => `cannot read this folder (${detail})`,
    remedy: "Check its permissions, or move it elsewhere",
  },
  unreadable: {
    code: "E_VIDEO_UNREADABLE",
    problem: (detail) => `FFmpeg cannot read this as a video (${detail})`,
    remedy: "Pass a video file",
  },
  notVideo: {
    code: "E_VIDEO_UNREADABLE",
    problem: (detail) => `${detail}, not a video`,
    remedy: "Pass a video file",
  },
  foreign: {
    code: "E_VIDEO_UNREADABLE",
    problem: (detail) => `this browser cannot read it (${detail})`,
    remedy: "Convert it to MP4 or WebM",
  },
  codec: {
    code: "E_VIDEO_CODEC",
    problem: (detail) => `this browser cannot decode ${detail}`,
    remedy: "Convert it to H.264, VP9 or AV1",
  },
  webcodecs: {
    code: "E_VIDEO_CODEC",
    problem: (detail) => `this browser has no WebCodecs to decode ${detail}`,
    remedy: "Classify it on a page, where a <video> plays it, or use a newer browser",
  },
  canvas: {
    code: "E_VIDEO_MEMORY",
    problem: () => "the browser cannot allocate a canvas for its frames",
    remedy: "Close other pages",
  },
  damaged: { code: "E_VIDEO_UNREADABLE", problem: said, remedy: "Download or copy it again" },
  pointer: {
    code: "E_VIDEO_UNREADABLE",
    problem: () => "it is a Git LFS pointer, not the video itself",
    remedy: "Run git lfs pull in its repository",
  },
  picture: { code: "E_VIDEO_PICTURE", problem: (detail) => `it is ${detail}, not a video`, remedy: "Pass a video" },
  playlist: {
    code: "E_VIDEO_PLAYLIST",
    problem: (detail) => `it is ${detail}, which only lists where videos are`,
    remedy: "Download the video itself first",
  },
  encrypted: {
    code: "E_VIDEO_ENCRYPTED",
    problem: (detail) => `it is encrypted (${detail})`,
    remedy: "Use a video without copy protection",
  },
  noStream: {
    code: "E_VIDEO_NO_STREAM",
    problem: (detail) => `it has no video stream, only ${detail || "audio or data"}`,
    remedy: "Pass a file with a video stream",
  },
  noFrames: {
    code: "E_VIDEO_NO_FRAMES",
    problem: (detail) => `none of its frames can be decoded (${detail})`,
    remedy: "Convert it first, or pass another file",
  },
  sparse: {
    code: "E_VIDEO_SPARSE",
    problem: () => `more than ${mostStill} s of it consist of frames shown for longer than 10 s`,
    remedy: "Correct its timestamps, or select parts of it with start and end",
  },
  tooLarge: {
    code: "E_VIDEO_TOO_LARGE",
    problem: (detail) => `its frames are too large (${detail}; the limit is the pixel count of 8192 × 4320)`,
    remedy: "Scale it down first",
  },
  memory: {
    code: "E_VIDEO_MEMORY",
    problem: () =>
      `decoding it takes more than ${limits.memory / 2 ** 20} MiB of memory beyond its size: it is damaged, or its frames are very large`,
    remedy: "Convert or scale it down first",
  },
  input: {
    code: "E_VIDEO_UNREADABLE",
    problem: said,
    remedy: "Pipe the video to standard input, or pass it as a file",
  },
  disk: { code: "E_VIDEO_DISK", problem: said, remedy: "Pass the video as a file" },
  network: {
    code: "E_VIDEO_NETWORK",
    problem: (detail) => `cannot read this URL (${detail})`,
    remedy: "Check the URL and your network connection",
  },
  noParts: {
    code: "E_VIDEO_NETWORK",
    problem: () => "its index is at the end of the file, and the server does not support range requests",
    remedy: "Download it first",
  },
  timeout: {
    code: "E_VIDEO_TIMEOUT",
    problem: (detail) => `no frame arrived for ${detail}`,
    remedy: "Check that the source is still sending",
  },
  decoder: {
    code: "E_VIDEO_DECODER",
    problem: (detail) => `the decoding process ended unexpectedly (${detail})`,
    remedy: "The file is probably damaged; try converting it first",
  },
  encoder: {
    code: "E_VIDEO_ENCODER",
    problem: (detail) => `it cannot be encoded (${detail})`,
    remedy: "Leave out --annotate, or scale it first",
  },
  redirect: {
    code: "E_VIDEO_NETWORK",
    problem: (detail) => `the URL redirects to another host (${detail}), which is not followed`,
    remedy: "Pass the URL it redirects to, or download the video first",
  },
} as const satisfies Record<string, Meaning>;

export type Failure = keyof typeof failures;

/** The error for a failing source. */
export function videoError(subject: string, failure: Failure, detail = "", cause?: unknown): VideoError {
  const { code, problem, remedy } = failures[failure];
  return new VideoError({ code, subject, problem: problem(detail), remedy, cause });
}

const MiB = 2 ** 20;

/** Resource limits of a video. */
export const limits = {
  /** Pixels per frame: those of 8192 × 4320. */
  pixels: 8192 * 4320,
  /** Memory of a decoding process in bytes, beyond the size of its file. */
  memory: 448 * MiB,
  /** Most bytes of a file's size that count there. */
  countedSize: 1024 * MiB,
  /** Bytes of frames decoded concurrently: large ones use fewer threads. */
  threadPictures: 128 * MiB,
  /** Bytes of standard input to keep, and the share of the free disk space. */
  spool: { bytes: 16 * 1024 * MiB, share: 0.5 },
  /** Redirects to follow, all on one host. */
  redirects: 5,
} as const;

/** Memory limit of the decoding process for a file of this size, in bytes. */
export function memoryFor(size: number): number {
  return limits.memory + Math.min(size, limits.countedSize);
}
