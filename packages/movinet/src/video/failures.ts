import { VideoError } from "../common/errors.ts";
import { mostStill } from "./sampling.ts";

interface Meaning {
  readonly code: `E_VIDEO_${string}`;
  /** What is wrong, given what the decoding process says of it. */
  readonly problem: (detail: string) => string;
  readonly remedy: string;
}

const said = (detail: string) => detail;

/** Why a video gives nothing, and what its user is told. */
const failures = {
  notFound: { code: "E_VIDEO_NOT_FOUND", problem: said, remedy: "Give a video file, a folder of them, or a URL" },
  url: { code: "E_VIDEO_URL", problem: said, remedy: "Give a file, an http(s) URL, or - for standard input" },
  notFile: {
    code: "E_VIDEO_UNREADABLE",
    problem: (detail) => `it is ${detail}, not a file`,
    remedy: "Give a file, or - and send the video to standard input",
  },
  empty: { code: "E_VIDEO_UNREADABLE", problem: () => "the file is empty", remedy: "Give a video file" },
  denied: { code: "E_VIDEO_UNREADABLE", problem: said, remedy: "Check who may read it" },
  loop: { code: "E_VIDEO_UNREADABLE", problem: said, remedy: "It is a symlink that leads to itself: correct it" },
  folder: {
    code: "E_VIDEO_FOLDER",
    problem: (detail) => `the folder cannot be read (${detail})`,
    remedy: "Check its permissions, or move it away",
  },
  unreadable: {
    code: "E_VIDEO_UNREADABLE",
    problem: (detail) => `this is no video that FFmpeg can read (${detail})`,
    remedy: "Give a video file",
  },
  damaged: { code: "E_VIDEO_UNREADABLE", problem: said, remedy: "Download or copy it again" },
  pointer: {
    code: "E_VIDEO_UNREADABLE",
    problem: () => "it is a Git LFS pointer: the video itself was not downloaded",
    remedy: "Run git lfs pull in its repository",
  },
  picture: { code: "E_VIDEO_PICTURE", problem: (detail) => `it is ${detail}, not a video`, remedy: "Give a video" },
  playlist: {
    code: "E_VIDEO_PLAYLIST",
    problem: (detail) => `it is ${detail}: it only names where videos are, and they are not fetched`,
    remedy: "Download the video itself first",
  },
  encrypted: {
    code: "E_VIDEO_ENCRYPTED",
    problem: (detail) => `it is encrypted (${detail})`,
    remedy: "Give a video without copy protection",
  },
  noStream: {
    code: "E_VIDEO_NO_STREAM",
    problem: (detail) => `it holds no moving pictures, only ${detail || "sound or data"}`,
    remedy: "Give a file with a video stream",
  },
  noFrames: {
    code: "E_VIDEO_NO_FRAMES",
    problem: (detail) => `no picture of it can be decoded (${detail})`,
    remedy: "Convert it first, or give another file",
  },
  sparse: {
    code: "E_VIDEO_SPARSE",
    problem: () => `more than ${mostStill} s of it are pictures that stay for longer than 10 s`,
    remedy: "Correct its timestamps, or give parts of it with start and end",
  },
  tooLarge: {
    code: "E_VIDEO_TOO_LARGE",
    problem: (detail) => `its pictures are too large (${detail}; the most is as many pixels as 8192 × 4320)`,
    remedy: "Scale it down first",
  },
  memory: {
    code: "E_VIDEO_MEMORY",
    problem: () =>
      `decoding it takes more than ${limits.memory / 2 ** 20} MiB of memory beyond its size: it is damaged, or its pictures are very large`,
    remedy: "Convert or scale it down first",
  },
  input: {
    code: "E_VIDEO_UNREADABLE",
    problem: said,
    remedy: "Send the video to standard input, or give it as a file",
  },
  disk: { code: "E_VIDEO_DISK", problem: said, remedy: "Give the video as a file" },
  network: {
    code: "E_VIDEO_NETWORK",
    problem: (detail) => `the URL cannot be read (${detail})`,
    remedy: "Check the address and the connection",
  },
  noParts: {
    code: "E_VIDEO_NETWORK",
    problem: () => "its index is at its end, and the server gives no parts of a file but the whole",
    remedy: "Download it first",
  },
  timeout: {
    code: "E_VIDEO_TIMEOUT",
    problem: (detail) => `no picture came for ${detail}`,
    remedy: "Check that the source still delivers",
  },
  decoder: {
    code: "E_VIDEO_DECODER",
    problem: (detail) => `the decoding process ended unexpectedly (${detail})`,
    remedy: "The file is probably damaged; try to convert it first",
  },
  encoder: {
    code: "E_VIDEO_ENCODER",
    problem: (detail) => `it cannot be encoded (${detail})`,
    remedy: "Leave out --annotate, or scale it first",
  },
  redirect: {
    code: "E_VIDEO_NETWORK",
    problem: (detail) => `the URL leads to another host (${detail}), which is not asked`,
    remedy: "Give the address that it leads to, or download the video first",
  },
} as const satisfies Record<string, Meaning>;

export type Failure = keyof typeof failures;

/** The error of a source that fails. */
export function videoError(subject: string, failure: Failure, detail = "", cause?: unknown): VideoError {
  const { code, problem, remedy } = failures[failure];
  return new VideoError({ code, subject, problem: problem(detail), remedy, cause });
}

const MiB = 2 ** 20;

/** What a video may cost before it is refused. */
export const limits = {
  /** Pixels of a picture: those of 8192 × 4320. */
  pixels: 8192 * 4320,
  /** Bytes of memory of a decoding process, beyond the size of its file. */
  memory: 448 * MiB,
  /** Bytes of a file that count as its size there, at most. */
  countedSize: 1024 * MiB,
  /** Bytes of pictures that decode at the same time: more threads are not used for large ones. */
  threadPictures: 128 * MiB,
  /** Bytes of standard input that are kept, and the share of what is free on the disk. */
  spool: { bytes: 16 * 1024 * MiB, share: 0.5 },
  /** Redirects that are followed, all on one host. */
  redirects: 5,
} as const;

/** Bytes of memory that the decoding process of a file of so many bytes may take. */
export function memoryFor(size: number): number {
  return limits.memory + Math.min(size, limits.countedSize);
}
