import { constants } from "node:os";
import {
  AV_CODEC_FLAG_LOW_DELAY,
  AV_CODEC_ID_MJPEG,
  AVDISCARD_ALL,
  AVERROR_EXIT,
  AVERROR_HTTP_FORBIDDEN,
  AVERROR_HTTP_NOT_FOUND,
  AVERROR_HTTP_UNAUTHORIZED,
  AVERROR_INVALIDDATA,
  AVERROR_PROTOCOL_NOT_FOUND,
  AVFMT_NOTIMESTAMPS,
  AVMEDIA_TYPE_VIDEO,
} from "node-av/constants";
import {
  Codec,
  CodecContext,
  Device,
  Dictionary,
  FFmpegError,
  FormatContext,
  InputFormat,
  type Stream,
} from "node-av/lib";
import { limits } from "../video/failures.ts";
import { formatWhitelist, guessed } from "../video/formats.ts";
import type { CameraFailure, CameraStart } from "./camera-protocol.ts";

/** Why a stream cannot be read: told to the parent process. */
export class CameraFail extends Error {
  readonly failure: CameraFailure;
  constructor(failure: CameraFailure, detail: string) {
    super(detail);
    this.failure = failure;
  }
}

/** An open live stream and a decoder for it. */
export interface CameraInput {
  readonly format: FormatContext;
  readonly stream: Stream;
  readonly decoder: CodecContext;
  /** Whether its timestamps come from the stream; else FFmpeg made them up. */
  readonly stamped: boolean;
  /** Whether packets come before their time, as parts of a file. */
  readonly early: boolean;
  /** Milliseconds without a packet after which it is lost. */
  readonly quietMs: number;
  close(): Promise<void>;
}

/** Opens a stream within `connectMs`. Throws {@link CameraFail}. */
export async function openCamera(start: CameraStart): Promise<CameraInput> {
  const format = new FormatContext();
  const decoder = new CodecContext();
  const close = async () => {
    decoder.freeContext();
    await format.closeInput();
  };
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    format.interrupt();
  }, start.connectMs);
  try {
    const [url, fmt, options] = inputArguments(start);
    format.allocContext();
    check(await format.openInput(url, fmt, Dictionary.fromObject(options)));
    const name = format.iformat?.name ?? "";
    const isKnown = start.source.kind === "rtsp" || start.source.kind === "camera" || plain.includes(name);
    if (!isKnown && format.probeScore <= guessed) throw new CameraFail("unreadable", "unknown format");
    // An RTSP server describes its streams; reading pictures to find out more would cost seconds.
    const told = start.source.kind === "rtsp" && format.streams.some(isKnownVideo);
    if (!told) check(await format.findStreamInfo(null));
    const stream = chooseStream(format, start);
    openDecoder(decoder, stream);
    const made = ((format.iformat?.flags ?? 0) & AVFMT_NOTIMESTAMPS) !== 0;
    const stamped = start.source.kind === "file" || !made;
    const isHls = name === "hls";
    const quietMs = isHls ? Math.max(start.readMs, longestPartMs) : start.readMs;
    return { format, stream, decoder, stamped, early: isHls || start.realtime, quietMs, close };
  } catch (error) {
    await close();
    if (late) throw new CameraFail("timeout", `no answer within ${start.connectMs / 1000} s`);
    if (start.source.kind === "camera" && error instanceof CameraFail) {
      throw new CameraFail("noCamera", `this camera cannot be opened (${error.message})`);
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** HLS waits for its next part, which may last so long. */
const longestPartMs = 30_000;
/** Formats that are certain although FFmpeg gives their beginning a low score. */
const plain: readonly string[] = ["mpegts", "mjpeg", "mpjpeg", "hls"];
const microseconds = 1000;

function inputArguments(start: CameraStart): [string, InputFormat | null, Record<string, string>] {
  const { source, transport, connectMs, readMs } = start;
  const short = { analyzeduration: "2000000", probesize: "2000000" };
  switch (source.kind) {
    case "rtsp":
      return [
        source.location,
        null,
        {
          ...short,
          rtsp_transport: transport,
          allowed_media_types: "video",
          timeout: String(Math.max(connectMs, readMs) * microseconds),
          protocol_whitelist: "rtsp,rtsps,rtp,srtp,udp,tcp,tls",
          format_whitelist: "rtsp,sdp,rtp,mpegts",
          max_delay: String(reorderMs * microseconds),
        },
      ];
    case "http":
      return [
        source.location,
        null,
        {
          ...short,
          protocol_whitelist: "http,https,httpproxy,tls,tcp,crypto",
          format_whitelist: `${formatWhitelist},hls`,
          max_redirects: "0",
          live_start_index: "-1",
        },
      ];
    case "camera":
      return cameraArguments(Number(source.location));
    case "file":
      return [`file:${source.location}`, null, { protocol_whitelist: "file", format_whitelist: formatWhitelist }];
    case "pipe":
      return ["pipe:0", null, { ...short, protocol_whitelist: "pipe", format_whitelist: formatWhitelist }];
  }
}

/** How long packets over UDP may wait for one that was overtaken. */
const reorderMs = 100;

function cameraArguments(index: number): [string, InputFormat | null, Record<string, string>] {
  const cameras = Device.listSync().filter(({ type }) => type === "video");
  const linux = process.platform === "linux" ? `/dev/video${index}` : undefined;
  const name = linux ?? cameras[index]?.name;
  if (name === undefined || (linux && cameras.length === 0)) {
    throw new CameraFail("noCamera", cameras.length === 0 ? "no camera was found" : `there are only ${cameras.length}`);
  }
  const format = InputFormat.findInputFormat(Device.getVideoFormat());
  if (!format) throw new CameraFail("noCamera", "this build of node-av cannot read cameras");
  return [process.platform === "win32" ? `video=${name}` : name, format, {}];
}

function isKnownVideo({ codecpar }: Stream): boolean {
  return codecpar.codecType === AVMEDIA_TYPE_VIDEO && Codec.findDecoder(codecpar.codecId) !== null;
}

/** Of several sizes of one video, the smallest that the network does not have to enlarge. */
function chooseStream(format: FormatContext, { size }: CameraStart): Stream {
  const videos = format.streams.filter(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_VIDEO);
  const enough = videos.filter(({ codecpar: { width, height } }) => width >= size.width && height >= size.height);
  const pixels = ({ codecpar: { width, height } }: Stream) => width * height;
  const stream = enough.toSorted((a, b) => pixels(a) - pixels(b))[0] ?? videos[0];
  if (!stream) throw new CameraFail("noVideo", "it has no video stream");
  for (const other of format.streams) if (other.index !== stream.index) other.discard = AVDISCARD_ALL;
  return stream;
}

function openDecoder(decoder: CodecContext, stream: Stream): void {
  const codec = Codec.findDecoder(stream.codecpar.codecId);
  if (!codec) throw new CameraFail("unreadable", "this FFmpeg build has no decoder for it");
  decoder.allocContext3(codec);
  check(decoder.parametersToContext(stream.codecpar));
  decoder.pktTimebase = stream.timeBase;
  // Threads that decode pictures side by side delay each by as many pictures.
  decoder.threadCount = 1;
  decoder.setFlags(AV_CODEC_FLAG_LOW_DELAY);
  check(decoder.setOption("max_pixels", limits.pixels));
  // Its pictures stand alone: one with errors is worth less than the next one. The decoder does not mark them.
  if (stream.codecpar.codecId === AV_CODEC_ID_MJPEG) check(decoder.setOption("err_detect", "explode"));
  check(decoder.open2Sync(codec, null));
}

const { errno } = constants;
const meanings: ReadonlyMap<number, CameraFailure> = new Map<number, CameraFailure>([
  [-errno.ECONNREFUSED, "refused"],
  [-errno.ETIMEDOUT, "timeout"],
  [-errno.ENOENT, "noFile"],
  // A format outside the list is an invalid argument.
  [-errno.EINVAL, "unreadable"],
  [AVERROR_HTTP_UNAUTHORIZED, "unauthorized"],
  [AVERROR_HTTP_FORBIDDEN, "unauthorized"],
  [AVERROR_HTTP_NOT_FOUND, "notFound"],
  [AVERROR_INVALIDDATA, "unreadable"],
  [AVERROR_PROTOCOL_NOT_FOUND, "unreadable"],
  [AVERROR_EXIT, "timeout"],
]);

/** Throws {@link CameraFail} for a negative code. */
export function check(code: number): void {
  if (code < 0) throw new CameraFail(meanings.get(code) ?? "network", FFmpegError.strerror(code));
}
