/** What the options of `movinet classify` say. */
export interface ClassifySettings {
  readonly model: string | undefined;
  readonly labels: string | undefined;
  readonly device: string;
  readonly threads: number | null;
  readonly fps: number | null;
  readonly top: number;
  readonly everyFrame: boolean;
  /** Null: where a source is longer than {@link longSource}. */
  readonly segments: boolean | null;
  readonly plot: string | undefined;
  readonly subtitles: string | undefined;
  /** Sources that are decoded at once. */
  readonly jobs: number | null;
  /** The file of results that is also the journal of the run. */
  readonly out: string | undefined;
  readonly resume: boolean;
  readonly debug: boolean;
}

/** Seconds from which on a source is shown in segments unless told otherwise. */
export const longSource = 30;
