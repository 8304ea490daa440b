import { AV_CODEC_PROP_FIELDS, AV_FRAME_FLAG_INTERLACED, AV_FRAME_FLAG_TOP_FIELD_FIRST } from "node-av/constants";
import type { Frame as AVFrame } from "node-av/lib";
import type { DecoderInput } from "./decoder-input.node.ts";
import { check } from "./decoder-output.node.ts";
import { PictureFilter } from "./filter.node.ts";
import { newFrame } from "./pictures.node.ts";

/** FFmpeg's numbers for orders of fields: with the top field shown first, with the bottom field. */
const topFirst = ["2", "4"];
const bottomFirst = ["3", "5"];
/** Pictures of fewer lines or columns have no fields to speak of, and the filter refuses them. */
const least = 4;

type Times = Pick<AVFrame, "pts" | "bestEffortTimestamp" | "duration">;

/**
 * Makes whole pictures of interlaced ones. As many come out as go in, at the same times; those before the first that is
 * interlaced are handed on at no cost.
 */
export class Deinterlacer<Read> {
  readonly #next: (picture: AVFrame) => Read | null;
  /** What the container says of all pictures, where the codec cannot say it of each. */
  readonly #order: "top" | "bottom" | null;
  #filter: PictureFilter | null = null;
  /** What is known of the pictures that the filter holds: it gives them times of its own. */
  readonly #held: { readonly read: Read; readonly times: Times }[] = [];
  /** The filter gets no more: what it still holds comes out. */
  #draining = false;
  /** A picture of another size or format, which came while the filter was in use. */
  readonly #other = newFrame();
  #otherRead: Read | null = null;

  /** @param next reads the next picture and says what it knows of it; null at the end. */
  constructor({ stream, decoder }: DecoderInput, next: (picture: AVFrame) => Read | null) {
    this.#next = next;
    const order = decoder.getOption("field_order") ?? "";
    if (stream.codecpar.hasProperties(AV_CODEC_PROP_FIELDS)) this.#order = null;
    else this.#order = topFirst.includes(order) ? "top" : bottomFirst.includes(order) ? "bottom" : null;
  }

  /** Gives the next picture, and what was said when it was read; null at the end. Throws Fail. */
  next(picture: AVFrame): Read | null {
    for (;;) {
      if (this.#filter?.pull(picture)) return this.#release(picture);
      if (this.#draining) this.#endFilter();
      const read = this.#read(picture);
      if (read === null) {
        if (this.#filter === null) return null;
        this.#drain();
      } else if (this.#filter?.fits(picture) === false) {
        this.#other.unref();
        check(this.#other.ref(picture), "noFrames");
        this.#otherRead = read;
        this.#drain();
      } else {
        const interlaced = this.#isInterlaced(picture);
        if (this.#filter === null && !interlaced) return read;
        // Weston's 3-field filter: the other field's lines from their neighbours and from the fields before and after.
        this.#filter ??= new PictureFilter([["w3fdif", "filter=simple:mode=frame:deint=interlaced"]], picture);
        const { pts, bestEffortTimestamp, duration } = picture;
        this.#held.push({ read, times: { pts, bestEffortTimestamp, duration } });
        this.#filter.push(picture);
      }
    }
  }

  free(): void {
    this.#filter?.free();
    this.#other.free();
  }

  #read(picture: AVFrame): Read | null {
    const read = this.#otherRead;
    if (read === null) return this.#next(picture);
    this.#otherRead = null;
    picture.unref();
    check(picture.ref(this.#other), "noFrames");
    return read;
  }

  #release(picture: AVFrame): Read | null {
    const held = this.#held.shift();
    Object.assign(picture, held?.times);
    return held?.read ?? null;
  }

  #drain(): void {
    this.#filter?.push(null);
    this.#draining = true;
  }

  #endFilter(): void {
    this.#filter?.free();
    this.#filter = null;
    this.#draining = false;
  }

  /** Marks the picture as its container does. */
  #isInterlaced(picture: AVFrame): boolean {
    if (picture.width < least || picture.height < least) return false;
    if (picture.hasFlags(AV_FRAME_FLAG_INTERLACED)) return true;
    if (this.#order === null) return false;
    picture.setFlags(AV_FRAME_FLAG_INTERLACED);
    if (this.#order === "top") picture.setFlags(AV_FRAME_FLAG_TOP_FIELD_FIRST);
    return true;
  }
}
