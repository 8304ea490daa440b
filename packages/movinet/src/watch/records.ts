/** What a watch tells: one record per answer, change of state, or event. */
import type { Prediction } from "../flow/predict.ts";

/** The model's answer after a picture of a live source. */
export interface WatchPrediction {
  readonly type: "prediction";
  /** The source's name, without credentials. */
  readonly source: string;
  /** Wall clock at which the picture's last packet arrived, ISO 8601 UTC. */
  readonly at: string;
  /** Seconds since the stream began. */
  readonly time: number;
  /** The likeliest classes, best first. */
  readonly predictions: readonly Prediction[];
  /** From the arrival of the picture's last packet until this record. */
  readonly lagMs: number;
  /** Pictures dropped since the last record. */
  readonly dropped: number;
}

/** A source was found, gives pictures, or was lost. */
export interface WatchStatus {
  readonly type: "status";
  readonly source: string;
  readonly state: "connecting" | "live" | "lost";
  /** One line: what is known of the stream, or why it is lost and what happens next. */
  readonly message: string;
}

/** An action began or ended. */
export interface WatchEvent {
  readonly type: "event";
  readonly source: string;
  readonly label: string;
  readonly phase: "start" | "end";
  /** ISO 8601 UTC. */
  readonly start: string;
  /** ISO 8601 UTC; null while it lasts. */
  readonly end: string | null;
  /** The highest score so far, in 0..1. */
  readonly peak: number;
  /**
   * Path of the MP4 file with the video around the event, written within seconds after its end. Absent if no folder for clips is set;
   * null if MP4 cannot contain the camera's codec.
   */
  readonly clip?: string | null;
  /** Path of the JPEG file with the picture at which the event was reported. Absent if no folder for clips is set. */
  readonly snapshot?: string;
}

export type WatchRecord = WatchPrediction | WatchStatus | WatchEvent;
