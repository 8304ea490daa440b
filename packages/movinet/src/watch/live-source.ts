import { MovinetError } from "../common/errors.ts";
import { nameOfSource, requestUrl, schemeOf } from "../common/urls.ts";

/** How to read a source, and what to call it. */
export interface LiveSource {
  /** Without credentials. */
  readonly name: string;
  readonly kind: "rtsp" | "http" | "camera" | "file" | "pipe";
  /** What FFmpeg is given: a URL with its credentials, a path, or the number of a camera. */
  readonly location: string;
}

const kinds: Readonly<Record<string, LiveSource["kind"]>> = {
  rtsp: "rtsp",
  rtsps: "rtsp",
  http: "http",
  https: "http",
};

/**
 * Reads `rtsp://…`, `http(s)://…` (Motion JPEG, HLS or any stream), `camera:0`, `-` for standard input, or the path of a file.
 * Throws {@link MovinetError} (`E_WATCH_SOURCE`).
 */
export function readLiveSource(source: string): LiveSource {
  if (source === "-") return { name: source, kind: "pipe", location: source };
  const camera = /^camera:(.*)$/i.exec(source)?.[1];
  if (camera !== undefined) {
    if (/^\d{1,3}$/.test(camera)) return { name: `camera:${Number(camera)}`, kind: "camera", location: camera };
    throw refuse(source, "the number of the camera is missing", "Pass camera:0 for the first camera");
  }
  const scheme = schemeOf(source);
  if (scheme === null) return { name: source, kind: "file", location: source };
  const kind = kinds[scheme];
  if (kind === undefined) {
    throw refuse(
      source,
      `unsupported URL scheme ${scheme}://`,
      "Pass an rtsp:// or http(s):// URL, camera:0, a file, or - for standard input",
    );
  }
  if (!URL.canParse(source) || hasStrayPassword(source)) {
    throw refuse(
      source.replace(/:\/\/.*@/, "://***@"),
      "it is not a valid URL",
      "Check it; in passwords, write / as %2F and @ as %40",
    );
  }
  return { name: nameOfSource(source), kind, location: requestUrl(source) };
}

/** Whether the path may be the rest of a password with a slash, which a name would show. */
function hasStrayPassword(source: string): boolean {
  return /:\/\/[^/?#]*@[^?#]*\/[^?#]*@/.test(source);
}

function refuse(subject: string, problem: string, remedy: string): MovinetError {
  return new MovinetError({ code: "E_WATCH_SOURCE", subject, problem, remedy });
}
