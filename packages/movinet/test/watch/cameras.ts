/** Cameras for tests: clips in a loop from GStreamer's RTSP server. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasShared, sharedFolder, sharedReason } from "../shared.ts";

/** Debian's own Python has GStreamer's bindings. */
const python = "/usr/bin/python3";
const imports = "import gi; gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0')";
const hasGStreamer = hasShared && spawnSync(python, ["-c", imports]).status === 0;
/** Whether cameras can run here, and for titles why not. */
export const hasCameras: boolean = hasGStreamer && spawnSync("ffmpeg", ["-version"]).status === 0;
export const camerasReason: string =
  sharedReason || (hasCameras ? "" : " (skipped: GStreamer's RTSP server or ffmpeg is not here)");

/** A clip whose action the official model names, in a loop. */
export const clip: string = join(sharedFolder, "videos/k600/tfex_carving_ice_rpi.mp4");
export const label = "carving ice";

export interface Stream {
  readonly path: string;
  /** GStreamer's pipeline, up to the element that packs RTP. */
  readonly launch: string;
}

const encoders = {
  h264: ["libx264", "-preset", "veryfast", "-bf", "0", "-g", "25"],
  h265: ["libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=25:bframes=0"],
  mjpeg: ["mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "5", "-huffman", "default"],
} as const;
const packers = {
  h264: "h264parse ! rtph264pay config-interval=-1",
  h265: "h265parse ! rtph265pay config-interval=-1",
  mjpeg: "jpegparse ! rtpjpegpay",
} as const;

export type CameraCodec = keyof typeof encoders;

export interface MadeFile {
  readonly codec: CameraCodec;
  readonly size: string;
  readonly rate: number;
  readonly seconds: number;
  /** With noise as of a sensor, at 3 Mbit/s: the clips are smooth. */
  readonly noise?: boolean;
  /** Motion JPEG whose tables RTP does not transmit, so that its pictures cannot be decoded. */
  readonly ownTables?: boolean;
}

/** A folder for streams, removed at the end. */
export function streamFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "movinet-cameras-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Encodes one round of the clip and repeats it; `container` is mp4, or ts, in which the size may change. */
export function makeFile(
  folder: string,
  { codec, size, rate, seconds, noise = false, ownTables = false }: MadeFile,
  container: "mp4" | "ts",
): string {
  const name = join(folder, `${codec}-${size}-${rate}-${seconds}${noise ? "-noisy" : ""}${ownTables ? "-own" : ""}`);
  const square = `scale=${size.replace("x", ":")},setsar=1${noise ? ",noise=alls=12:allf=t" : ""}`;
  const bits = noise ? ["-b:v", "3M"] : ownTables ? ["-huffman", "optimal"] : [];
  const ffmpeg = (...args: readonly string[]) => execFileSync("ffmpeg", ["-v", "error", "-y", ...args]);
  ffmpeg(
    "-i",
    clip,
    "-an",
    "-vf",
    square,
    "-r",
    String(rate),
    "-threads",
    "2",
    "-c:v",
    ...encoders[codec],
    ...bits,
    `${name}-once.mp4`,
  );
  ffmpeg("-stream_loop", "-1", "-i", `${name}-once.mp4`, "-t", String(seconds), "-c", "copy", `${name}.${container}`);
  return `${name}.${container}`;
}

/** How GStreamer reads a file of {@link makeFile}. */
export function streamOf(path: string, file: string, codec: CameraCodec): Stream {
  return {
    path,
    launch: `filesrc location=${file} ! ${file.endsWith(".ts") ? "tsdemux" : "qtdemux"} ! ${packers[codec]}`,
  };
}

export interface ServerOptions {
  readonly streams: readonly Stream[];
  readonly port?: number;
  readonly auth?: "basic" | "digest" | null;
  readonly password?: string;
}

/** An RTSP server in a process of its own. */
export class CameraServer {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start({ streams, port = 0, auth = null, password = "s3cret" }: ServerOptions): Promise<CameraServer> {
    const script = fileURLToPath(new URL("rtsp-server.py", import.meta.url));
    const child = spawn(python, [script, JSON.stringify({ streams, port, auth, password })], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [text] = (await once(child.stdout, "data")) as [Buffer];
    const bound = Number(text);
    if (!(bound > 0)) throw new Error(`the port ${port} is in use`);
    return new CameraServer(child, bound);
  }

  /** Ends it as a crash or a power failure of the camera would. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}
