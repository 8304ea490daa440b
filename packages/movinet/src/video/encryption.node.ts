import { AV_PKT_DATA_ENCRYPTION_INFO } from "node-av/constants";
import type { Packet, Stream } from "node-av/lib";
import { Fail } from "./decoder-output.node.ts";
import type { InputFile } from "./input-file.node.ts";
import { transportPackets } from "./transport-stream.ts";

/** Bytes searched for signs of encryption. */
const headBytes = 1 << 19;

const matroskaEncryption = "WebM or Matroska encryption";
/**
 * Byte sequences, in hexadecimal, that occur only in encrypted files of a format. FFmpeg reads such files as if they
 * were clear.
 */
const marks: Readonly<Record<string, readonly (readonly [mark: string, name: string])[]>> = {
  asf: [
    // The identifiers of the Content Encryption Object and of the Extended Content Encryption Object.
    ["fbb3112223bdd211b4b700a0c955fc6e", "Windows Media DRM"],
    ["14e68a292226174cb935dae07ee9289c", "Windows Media DRM"],
  ],
  // The key of an encrypted triplet.
  mxf: [["060e2b34020401070d010301027e0100", "digital cinema package"]],
  // The element ContentEncodingType with the value 1.
  matroska: [["50338101", matroskaEncryption]],
};
/** The Matroska element that starts the frames. */
const cluster = "1f43b675";
/** The first sample description of an MP4 with Common Encryption or Apple's. */
const encryptedEntry = /stsd[\s\S]{12}(encv|drmi)/;

/** The stream type of sample-encrypted H.264, as in HTTP Live Streaming. */
const sampleAes = 0xdb;

/** Throws {@link Fail} if a stream is known to be encrypted. The file is null for URLs. */
export function refuseEncryptedStream(stream: Stream, format: string, file: InputFile | null): void {
  const { codecpar, metadata } = stream;
  if (metadata?.get("enc_key_id")) throw new Fail("encrypted", matroskaEncryption);
  if (format === "mpegts" && codecpar.codecTag === sampleAes) throw new Fail("encrypted", "SAMPLE-AES");
  const how = file && encryptionOf(format, file, stream.id);
  if (how) throw new Fail("encrypted", how);
}

/** Throws {@link Fail} for an encrypted packet: a video may begin in the clear. */
export function refuseEncryptedPacket(packet: Packet): void {
  if (packet.getSideData(AV_PKT_DATA_ENCRYPTION_INFO)) throw new Fail("encrypted", "CENC");
}

/** Throws {@link Fail} for a file that FFmpeg cannot open because it is encrypted. */
export function refuseEncryptedFile(file: InputFile): void {
  const how = encryptionOf("asf", file, 0);
  if (how) throw new Fail("encrypted", how);
}

/** How a file of an FFmpeg format is encrypted, from its beginning, or null. `id` is that of its video stream. */
function encryptionOf(format: string, file: InputFile, id: number): string | null {
  const [name = ""] = format.split(",");
  if (name === "mpegts") return isScrambled(file.head(headBytes), id) ? "scrambled transport stream" : null;
  if (name === "mpeg") return hasScrambledPackets(file.head(headBytes)) ? "scrambled, like a DVD" : null;
  if (name === "mov") {
    const entry = encryptedEntry.exec(file.head(headBytes).toString("latin1"))?.[1];
    return entry === undefined ? null : entry === "encv" ? "CENC" : "FairPlay";
  }
  const known = marks[name];
  if (!known) return null;
  const head = file.head(headBytes);
  const end = name === "matroska" ? head.indexOf(cluster, 0, "hex") : -1;
  return known.find(([mark]) => head.subarray(0, end < 0 ? undefined : end).includes(mark, 0, "hex"))?.[1] ?? null;
}

/** Whether more than half of a stream's packets are scrambled, or marked as scrambled in their headers. */
function isScrambled(head: Uint8Array, id: number): boolean {
  const packets = [...transportPackets(head)].filter(({ pid, payload }) => pid === id && payload.length > 0);
  const headers = packets.filter(({ control, payload }) => control === 0 && isPacketHeader(payload));
  const scrambled = packets.filter(({ control }) => control !== 0).length;
  return (
    scrambled > packets.length / 2 ||
    headers.filter(({ payload }) => isScrambledHeader(payload)).length > headers.length / 2
  );
}

/** Whether more than a tenth of a program stream's video packets are scrambled: a DVD leaves some clear. */
function hasScrambledPackets(head: Uint8Array): boolean {
  let all = 0;
  let scrambled = 0;
  for (let at = 0; at + 7 <= head.length; at++) {
    const packet = head.subarray(at, at + 7);
    if (!isPacketHeader(packet)) continue;
    all++;
    if (isScrambledHeader(packet)) scrambled++;
  }
  return scrambled > all / 10;
}

/** The header of an elementary stream's packet with video. */
function isPacketHeader([a, b, c, id = 0, , , flags = 0]: Uint8Array): boolean {
  return a === 0 && b === 0 && c === 1 && id >= 0xe0 && id <= 0xef && (flags & 0xc0) === 0x80;
}

function isScrambledHeader(packet: Uint8Array): boolean {
  return ((packet[6] ?? 0) & 0x30) !== 0;
}
