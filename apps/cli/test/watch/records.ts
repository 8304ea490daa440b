/** Records for tests of what is done with them. */
import type { WatchRecord } from "movinet/watch";

type Of<Type extends WatchRecord["type"]> = Extract<WatchRecord, { readonly type: Type }>;

export const event = (own: Partial<Of<"event">> = {}): Of<"event"> => ({
  type: "event",
  source: "door",
  label: "falling",
  phase: "start",
  start: "2026-01-31T12:00:00.000Z",
  end: null,
  peak: 0.9,
  ...own,
});

export const status = (state: Of<"status">["state"], own: Partial<Of<"status">> = {}): Of<"status"> => ({
  type: "status",
  source: "door",
  state,
  message: "",
  ...own,
});

export const prediction = (own: Partial<Of<"prediction">> = {}): Of<"prediction"> => ({
  type: "prediction",
  source: "door",
  at: "2026-01-31T12:00:00.000Z",
  time: 0,
  predictions: [{ label: "falling", index: 0, score: 0.9 }],
  lagMs: 40,
  dropped: 0,
  ...own,
});
