/** Codecs by the names that files have for them. */
const names: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^(avc|avc[13]|h264|x264)$/i, "H.264"],
  [/^(hevc|hvc1|hev1|h265)$/i, "H.265 (HEVC)"],
  [/^(mp4v|mp4s|xvid|divx|dx50|fmp4|V_MPEG4\/ISO\/A?SP)$/i, "MPEG-4 Part 2"],
  [/^(div3|mp4[123])$/i, "Microsoft's MPEG-4"],
  [/^(s263|h263)$/i, "H.263"],
  [/^(mjpg|mjpa|jpeg|V_MJPEG)$/i, "Motion JPEG"],
  [/^(mpg[12]|V_MPEG[12])$/i, "MPEG-1 or MPEG-2"],
  [/^(prores|ap[co][nshx4]|ap4[hx])$/i, "ProRes"],
  [/^(wmv[123]|wvc1)$/i, "Windows Media Video"],
  [/^av(1|01)$/i, "AV1"],
  [/^vp[0-9]+$/i, ""],
  [/^V_THEORA$/i, "Theora"],
];

/** The usual name of a codec, with the file's own name where that is another: `MPEG-4 Part 2 (mp4v)`. */
export function codecName(code: string): string {
  const name = names.find(([pattern]) => pattern.test(code))?.[1];
  if (name === undefined || name === "") return name === "" ? code.toUpperCase() : code;
  return /^(avc|hevc|av1|prores)$/.test(code) ? name : `${name} (${code})`;
}

/** What a file in a container that browsers do not read is, from its first bytes; null if unknown. */
export function foreignContainer(
  head: Uint8Array,
): { readonly container: string; readonly codec: string | null } | null {
  const text = String.fromCharCode(...head.subarray(0, 4096));
  if (/^RIFF.{4}AVI /s.test(text)) {
    const [, code] = /strh.{4}vids.{4}[\s\S]*?strf.{4}.{16}(.{4})/s.exec(text) ?? [];
    return { container: "AVI", codec: code === undefined ? null : codecName(code) };
  }
  if (text.startsWith("FLV")) return { container: "Flash video (FLV)", codec: null };
  if (text.startsWith("\x30\x26\xb2\x75")) return { container: "Windows Media (ASF)", codec: null };
  if (text.startsWith("\0\0\x01\xba")) return { container: "MPEG program stream", codec: "MPEG-1 or MPEG-2" };
  if (text.startsWith("OggS")) return { container: "Ogg", codec: text.includes("theora") ? "Theora" : null };
  return null;
}
