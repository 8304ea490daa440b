import { AV_NOPTS_VALUE, AV_PIX_FMT_YUV420P10LE, AVDISCARD_DEFAULT, AVMEDIA_TYPE_AUDIO } from "node-av/constants";
import type { Frame as AVFrame, Packet, Stream } from "node-av/lib";
import { allowMemory } from "../common/process.node.ts";
import { Blend, type Planes } from "./blend.ts";
import { CopyFile } from "./copy-file.node.ts";
import { CopyPictures, planeColour } from "./copy-picture.node.ts";
import type { DecoderInput } from "./decoder-input.node.ts";
import { check, send } from "./decoder-output.node.ts";
import { memoryFor } from "./failures.ts";
import { readBlocking } from "./input-file.node.ts";
import { type Overlay, OverlayReader } from "./overlay.ts";
import { newFrame } from "./pictures.node.ts";
import type { CopyStart } from "./protocol.ts";
import type { Shapes } from "./shape.node.ts";
import type { Shown } from "./shown.ts";

const overlayDescriptor = 4;
/** Bytes of pictures that wait for what is drawn over them, beyond which they are waited for at once. */
const mostWaiting = 1 << 26;
/** Pictures whose memory the encoder takes at most. */
const encoderPictures = 32;
/** Milliseconds after which the parent hears that work goes on. */
const aliveMs = 2000;

/** A picture, and the frame of which the answer is drawn over it. */
interface Waiting {
  readonly picture: AVFrame;
  readonly shown: Shown;
  readonly frame: number;
  readonly bytes: number;
}

/** Writes the video that is being decoded into a file, with what the parent says drawn over it, and its sound. */
export class Copy {
  readonly #start: CopyStart;
  readonly #input: DecoderInput;
  readonly #sounds: readonly Stream[];
  readonly #pictures: CopyPictures;
  readonly #waiting: Waiting[] = [];
  #bytes = 0;
  /** Sound that came before the first picture. */
  readonly #early: { readonly packet: Packet; readonly offset: number }[] = [];
  #file: CopyFile | null = null;
  /** The frame of which the answer is known last, and what is drawn for it. */
  #told = -1;
  #overlay: Overlay | null = null;
  #blend: Blend | null = null;
  #isBlended = false;
  readonly #overlays = new OverlayReader(readWhole);
  #alive = performance.now();

  constructor(start: CopyStart, input: DecoderInput, shapes: Shapes) {
    this.#start = start;
    this.#input = input;
    this.#pictures = new CopyPictures(input.stream, shapes);
    this.#sounds = input.format.streams.filter(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO);
    for (const sound of this.#sounds) sound.discard = AVDISCARD_DEFAULT;
  }

  /** Takes a packet of another stream than the pictures', to free it. Throws Fail. */
  sound(packet: Packet, offset: number): void {
    if (this.#file === null) {
      this.#early.push({ packet, offset });
      return;
    }
    this.#file.sound(packet, offset);
    packet.free();
  }

  /** Takes a picture, over which the answer of `frame` is drawn once that is known; `sent`: frames that the parent has got. */
  add(picture: AVFrame, shown: Shown, frame: number, sent: number): void {
    const kept = newFrame();
    check(kept.ref(picture), "noFrames");
    // Not by `data`: Node counts each array that shows a picture as its memory, and collects garbage the more often.
    const bytes = 2 * Math.abs(kept.linesize[0] ?? 0) * kept.height;
    this.#waiting.push({ picture: kept, shown, frame, bytes });
    this.#bytes += bytes;
    this.#advance(sent);
  }

  /** Writes the rest, and the file's end. `sent`: frames that the parent has got, all that there are. Throws Fail. */
  end(sent: number): void {
    while (this.#waiting.length > 0) this.#writeFirst();
    while (this.#told < sent - 1) this.#hear();
    this.#file?.end();
  }

  /** What the file lacks, each in one line. */
  get warnings(): readonly string[] {
    return (this.#file?.withoutSound ?? []).map(
      (codec) => `its sound (${codec}) is not in the annotated video, because it cannot be decoded`,
    );
  }

  free(): void {
    for (const { picture } of this.#waiting.splice(0)) picture.free();
    for (const { packet } of this.#early.splice(0)) packet.free();
    this.#pictures.free();
    this.#file?.free();
  }

  /** Writes the pictures that need not wait: one frame is on its way while those of the frame before are encoded. */
  #advance(sent: number): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const isFull = this.#bytes > mostWaiting && first.frame < sent;
      if (first.frame >= sent - 1 && !isFull) return;
      this.#writeFirst();
    }
  }

  #writeFirst(): void {
    const { picture, shown, frame, bytes } = this.#waiting.shift() as Waiting;
    try {
      this.#bytes -= bytes;
      while (this.#told < frame) this.#hear();
      const made = this.#pictures.make(picture);
      const { width, height } = made;
      this.#file ??= this.#open(made, shown.time);
      if (this.#overlay !== null) {
        this.#blend ??= new Blend(planeColour(made));
        if (!this.#isBlended) this.#blend.set(this.#overlay);
        this.#isBlended = true;
        this.#blend.draw(planesOf(made), width, height);
      }
      this.#file.picture(made, shown.time, shown.duration);
    } finally {
      picture.free();
    }
    if (performance.now() - this.#alive < aliveMs) return;
    this.#alive = performance.now();
    send({ kind: "alive" });
  }

  /** Waits for what is drawn for the next frame. */
  #hear(): void {
    const overlay = this.#overlays.next();
    this.#told++;
    if (overlay === undefined) return;
    this.#overlay = overlay;
    this.#isBlended = false;
  }

  #open(first: AVFrame, time: number): CopyFile {
    const { format, stream, file } = this.#input;
    const pictureBytes = 2 * (first.linesize[0] ?? 0) * first.height;
    allowMemory(memoryFor(file?.size ?? 0) + mostWaiting + encoderPictures * pictureBytes);
    const zero = format.startTime === AV_NOPTS_VALUE ? time : Math.min(time, Number(format.startTime) / 1e6);
    const copy = new CopyFile(this.#start, first, stream, this.#sounds, zero);
    for (const { packet, offset } of this.#early.splice(0)) {
      copy.sound(packet, offset);
      packet.free();
    }
    return copy;
  }
}

/** The planes of a picture of 4:2:0, to be drawn into. */
function planesOf({ data, linesize, format }: AVFrame): Planes {
  const plane = (i: number) => {
    const bytes = (data as Buffer[])[i] as Buffer;
    const stride = linesize[i] as number;
    if (format !== AV_PIX_FMT_YUV420P10LE) return { data: bytes, stride };
    return { data: new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2), stride: stride / 2 };
  };
  return [plane(0), plane(1), plane(2)];
}

function readWhole(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; ) {
    const length = readBlocking(overlayDescriptor, bytes.subarray(at));
    if (length === 0) return false;
    at += length;
  }
  return true;
}
