import type { Fit } from "movinet";

/** What `movinet classify` was told to do. */
export interface ClassifySettings {
  readonly model: string | undefined;
  readonly labels: string | undefined;
  readonly device: string;
  readonly threads: number | undefined;
  /** Sources that are worked on at the same time. */
  readonly jobs: number;
  readonly fps: number | undefined;
  /** Undefined: as the model was trained. */
  readonly fit: Fit | undefined;
  readonly top: number;
  readonly everyFrame: boolean;
  /** Whether segments are told; undefined: of long videos. */
  readonly segments: boolean | undefined;
  readonly plot: string | undefined;
  readonly subtitles: string | undefined;
  /** A file for JSON lines instead of standard output. */
  readonly out: string | undefined;
  readonly resume: boolean;
  /** Whether results are JSON lines. */
  readonly json: boolean;
  readonly debug: boolean;
}
