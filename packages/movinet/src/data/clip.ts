import type { Fit } from "../model/card.ts";

/** How the pictures of a clip are kept. */
export interface ClipView {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly fit: Fit;
  /** Pictures a second, above 0. */
  readonly fps: number;
}

/** Decoded frames, sampled at `fps`. */
export interface Clip {
  /** `[frames, height, width, 3]` RGB, 8 bits. */
  readonly data: Uint8Array;
  readonly frames: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Width / height of the whole picture as it is shown: a squashed picture does not tell. */
  readonly aspect: number;
  readonly fps: number;
}

/** What is known of the video that a clip was decoded from. */
export interface ClipSource {
  /** Seconds from the first picture to the end of the last that was decoded. */
  readonly duration: number;
  /** Pictures a second as the video has them. */
  readonly frameRate: number;
  /** What was wrong with the file although it gave frames. */
  readonly warnings: readonly string[];
}

/** A clip with what is known of its video. */
export interface SourceClip extends Clip {
  readonly source: ClipSource;
}

/** The view in which a clip is looked at where no model says otherwise: what A0 to A2 see of a second, at A0's size. */
export const defaultView: ClipView = { width: 172, height: 172, fit: "crop", fps: 5 };

/** Part of every key: another number makes all entries anew, as it must where videos come to be decoded otherwise. */
export const clipFormat = 2;

/** What an entry says of its clip beside the frames. */
export type ClipHead = Omit<SourceClip, "data">;
