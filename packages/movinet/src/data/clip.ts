import type { Fit } from "../model/card.ts";

/** How the frames of a clip are stored. */
export interface ClipView {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly fit: Fit;
  /** Frames per second, above 0. */
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
  /** Width / height of the whole displayed picture, which a squashed picture does not show. */
  readonly aspect: number;
  readonly fps: number;
}

/** Facts about the video that a clip was decoded from. */
export interface ClipSource {
  /** Seconds from the first frame to the end of the last decoded one. */
  readonly duration: number;
  /** The video's own frame rate. */
  readonly frameRate: number;
  /** What was wrong with the file although it yielded frames. */
  readonly warnings: readonly string[];
}

/** A clip with facts about its video. */
export interface SourceClip extends Clip {
  readonly source: ClipSource;
}

/** The default view without a model: the rate of A0 to A2, at A0's size. */
export const defaultView: ClipView = { width: 172, height: 172, fit: "crop", fps: 5 };

/** Part of every key: a new number invalidates all entries, as required when decoding changes. */
export const clipFormat = 2;

/** Metadata of an entry, besides the frames. */
export type ClipHead = Omit<SourceClip, "data">;
