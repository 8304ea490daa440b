import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import type { VideoError } from "../common/errors.ts";
import { bytesOfPath, pathOf } from "../common/read.node.ts";
import { videoError } from "./failures.ts";
import { type LeftOut, LeftOutCounts } from "./left-out.ts";
import { countPictures, pictureExtensions } from "./picture-file.node.ts";

/**
 * Extensions of video formats that FFmpeg's libraries read. Not included: playlists and scripts, which refer to other
 * files, and formats mostly used for audio, text or data (`.ogg`, `.m4a`, `.dat`).
 */
const videoExtensions = new Set(
  `264 265 266 3g2 3gp 3gp2 3gpp amv asf avc avi avs2 avs3 bik cavs cine dav dif divx drc dv evc f4v flc fli flv flx gxf h261
  h263 h264 h265 h266 h26l hevc insv ismv ivf ivr k3g lxf m1v m2p m2t m2ts m2v m4v mj2 mjpeg mjpg mk3d mkv mlv mov mp4 mp4v
  mpe mpeg mpg mpg4 mpv mts mxf nsv nut nuv obu ogm ogv psp pva qt rcv rm rmvb roq rv smk swf tod tp trp ts ty vc1 vob vro
  vvc webm wm wmv wtv y4m`.split(/\s+/),
);

/** Files in these image formats are usually animations: if in doubt, the file is used, and fails by name. */
const mostlyAnimated = new Set(["apng", "avifs", "gif"]);

/** Files that systems put everywhere, so that nobody misses them. */
const droppings = /^(\._.*|\.DS_Store|\.localized|Thumbs\.db|desktop\.ini)$/i;

/** The content of a folder, at any depth. */
export interface FolderScan {
  /** Paths of videos, sorted. Names that are not UTF-8 are written as in `pathOf`. */
  readonly videos: readonly string[];
  /** Files that are not videos, and folders that were not searched. */
  readonly leftOut: readonly LeftOut[];
  /** Unreadable folders (`E_VIDEO_FOLDER`); `subject` is the path. */
  readonly failures: readonly VideoError[];
}

/**
 * Finds videos in a folder and its sub-folders. Skips names that begin with a dot, and folders behind symlinks, which
 * may lead anywhere. An unreadable folder is a failure in the result; nothing is thrown.
 */
export async function scanFolder(folder: string): Promise<FolderScan> {
  const videos: string[] = [];
  const leftOut = new LeftOutCounts();
  const failures: VideoError[] = [];
  const folders = [folder];
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    const entries = await entriesOf(path).catch((cause: NodeJS.ErrnoException) => {
      failures.push(videoError(path as string, "folder", cause.code ?? cause.message, cause));
      return [];
    });
    const inside: string[] = [];
    for (const { name, entry } of entries) {
      if (droppings.test(name)) continue;
      const file = join(path, name);
      const kind = await kindOf(file, name, entry);
      if (kind === "folder") inside.push(file);
      else if (kind === "video") videos.push(file);
      else leftOut.add(kind, file);
    }
    folders.push(...inside.reverse());
  }
  return { videos: videos.sort(), leftOut: leftOut.list(), failures };
}

/** Whether a file in a folder is a video: by its name, and for image formats by whether it is animated. */
export async function isVideoFile(path: string, name: string): Promise<boolean> {
  const extension = extname(name).slice(1).toLowerCase();
  if (!pictureExtensions.has(extension)) return videoExtensions.has(extension);
  const pictures = await countPictures(path, extension);
  return pictures === "many" || (pictures === null && mostlyAnimated.has(extension));
}

async function entriesOf(folder: string) {
  const entries = await readdir(bytesOfPath(folder), { encoding: "buffer", withFileTypes: true });
  const named = entries.map((entry) => ({ name: pathOf(entry.name), entry }));
  return named.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `folder` to search, `video` to use, or the kind of what is skipped. */
async function kindOf(path: string, name: string, entry: Dirent<Buffer>): Promise<string> {
  const hidden = name.startsWith(".");
  if (entry.isDirectory()) return hidden ? "hidden folder" : "folder";
  const real = entry.isSymbolicLink() ? await stat(bytesOfPath(path)).catch(() => null) : entry;
  if (real === null) return "broken symlink";
  if (real.isDirectory()) return "folder behind a symlink";
  if (!real.isFile()) return "special file";
  if (hidden) return "hidden file";
  if (await isVideoFile(path, name)) return "video";
  const extension = extname(name).toLowerCase();
  if (extension.length < 2) return "without an extension";
  return mostlyAnimated.has(extension.slice(1)) || extension === ".webp" ? `still ${extension}` : extension;
}
