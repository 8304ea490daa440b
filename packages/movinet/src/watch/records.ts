import type { Prediction } from "../flow/predict.ts";

/** The answer for a camera after a sampled picture. */
export interface WatchPrediction {
  readonly type: "prediction";
  readonly source: string;
  /** Wall clock at which the picture's last packet arrived, ISO 8601 UTC. */
  readonly at: string;
  /** Seconds since the stream began. */
  readonly time: number;
  readonly predictions: readonly Prediction[];
  /** From the arrival of the picture's last packet until this record. */
  readonly lagMs: number;
  /** Pictures dropped since the last record. */
  readonly dropped: number;
}

/** A change in the connection to a camera. */
export interface WatchStatus {
  readonly type: "status";
  readonly source: string;
  readonly state: "connecting" | "live" | "lost";
  readonly message: string;
}

/** The start or the end of an action in front of a camera. */
export interface WatchEvent {
  readonly type: "event";
  readonly source: string;
  readonly label: string;
  readonly phase: "start" | "end";
  /** Wall clock, ISO 8601 UTC. */
  readonly start: string;
  /** Wall clock, ISO 8601 UTC; null until it ends. */
  readonly end: string | null;
  /** The highest score so far, in 0..1. */
  readonly peak: number;
}

/** What `watch` says about its cameras. */
export type WatchRecord = WatchPrediction | WatchStatus | WatchEvent;
