import { dirname } from "node:path";
import { AV_CODEC_ID_H264, AV_CODEC_ID_HEVC } from "node-av/constants";
import type { Frame as AVFrame, Packet } from "node-av/lib";
import { MovinetError } from "../common/errors.ts";
import { makeFolder } from "../common/write.node.ts";
import { newFrame } from "../video/pictures.node.ts";
import type { CameraInput } from "./camera-input.node.ts";
import type { ClipOrder } from "./camera-protocol.ts";
import { type ClipPacket, fitsMp4, writeClip, writeSnapshot } from "./clip-file.node.ts";
import { longestClipMs } from "./clip-orders.ts";
import { PacketRing } from "./packet-ring.ts";
import { parameterSets, type SetCodec } from "./parameter-sets.ts";

/** A minute of 4 Mbit/s. A longer or richer past is forgotten, so that clips begin later. */
const mostBytes = 32 * 1024 * 1024;
/** What a packet takes beside its bytes. */
const packetBytes = 1024;
/** The stream that the event was seen in is gone. */
export const nothingKept = "the camera was lost before anything was saved";
/** Packets are kept a little longer than the longest clip. */
const slackMs = 2000;

interface Ordered {
  readonly from: number;
  until: number;
}

/** Keeps the last packets of one connection, and writes clips of them. */
export class Clips {
  readonly #input: CameraInput;
  readonly #complain: (problem: string) => void;
  readonly #ring = new PacketRing<ClipPacket>(longestClipMs + slackMs, mostBytes);
  readonly #ordered = new Map<string, Ordered>();
  readonly #last: AVFrame = newFrame();
  readonly #hasClips: boolean;
  readonly #setCodec: SetCodec | null;
  #hasPicture = false;
  #isOver = false;
  /** The parameter sets of the packets in the ring; null: they came with none. */
  #sets: Uint8Array | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(input: CameraInput, complain: (problem: string) => void) {
    this.#input = input;
    this.#complain = complain;
    this.#hasClips = fitsMp4(input);
    this.#setCodec = setCodecOf(input);
  }

  /** Takes note of a packet, which stays the caller's. */
  add(packet: Packet, arrived: number): void {
    if (!this.#hasClips || this.#isOver) return;
    for (const [file, { until }] of this.#ordered) if (until < arrived) this.#write(file);
    if (packet.isKeyframe) this.#compareSets(packet);
    const kept = packet.clone();
    if (kept) this.#ring.add(ringPacket(kept, arrived));
  }

  /** Takes note of a picture that is processed. */
  see(picture: AVFrame): void {
    if (this.#isOver) return;
    this.#last.unref();
    this.#hasPicture = this.#last.ref(picture) >= 0;
  }

  /** The snapshot is the last picture that was processed. An order to end a clip that is not known, or was written, changes nothing. */
  take(order: ClipOrder): void {
    const { file, until } = order;
    if (order.kind === "end") {
      const ordered = this.#ordered.get(file);
      if (ordered) ordered.until = until;
      return;
    }
    if (this.#hasClips) this.#ordered.set(file, order);
    const picture = newFrame();
    if (this.#hasPicture) picture.ref(this.#last);
    this.#then(order.snapshot, async () => {
      try {
        if (!this.#hasPicture) throw new Error(nothingKept);
        await writeSnapshot(order.snapshot, picture, this.#input);
      } finally {
        picture.free();
      }
    });
  }

  /** Writes all clips, as far as they go. The input may be closed afterwards. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#writeAll();
    await this.#writing;
    this.#ring.clear();
    this.#last.free();
  }

  /** Other parameter sets begin another stream, which does not fit into the same file. */
  #compareSets({ data }: Packet): void {
    const sets = this.#setCodec && data ? parameterSets(this.#setCodec, data) : null;
    if (sets === null) return;
    if (this.#sets && Buffer.compare(this.#sets, sets) !== 0) {
      this.#writeAll();
      this.#ring.clear();
    }
    this.#sets = sets;
  }

  #writeAll(): void {
    for (const file of this.#ordered.keys()) this.#write(file);
  }

  #write(file: string): void {
    const ordered = this.#ordered.get(file);
    this.#ordered.delete(file);
    if (!ordered) return;
    const sets = this.#sets;
    const packets = this.#ring.between(ordered.from, ordered.until).flatMap(({ packet, arrived }) => {
      const copy = packet.clone();
      return copy ? [ringPacket(copy, arrived)] : [];
    });
    this.#then(file, async () => {
      try {
        if (packets.length === 0) throw new Error(nothingKept);
        await writeClip(file, this.#input, packets, sets);
      } finally {
        for (const packet of packets) packet.free();
      }
    });
  }

  /** One file after the other. */
  #then(file: string, work: () => Promise<void>): void {
    this.#writing = this.#writing.then(async () => {
      try {
        await makeFolder(dirname(file));
        await work();
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        this.#complain(error instanceof MovinetError ? problem : `${file}: ${problem}`);
      }
    });
  }
}

function ringPacket(packet: Packet, arrived: number): ClipPacket {
  return { packet, arrived, bytes: packet.size + packetBytes, isKey: packet.isKeyframe, free: () => packet.free() };
}

/** The codec, if its packets may have parameter sets: in files they are in the header, and packets have no start codes. */
function setCodecOf({ stream: { codecpar } }: CameraInput): SetCodec | null {
  if (codecpar.extradata?.[0] === 1) return null;
  if (codecpar.codecId === AV_CODEC_ID_H264) return "h264";
  return codecpar.codecId === AV_CODEC_ID_HEVC ? "hevc" : null;
}
