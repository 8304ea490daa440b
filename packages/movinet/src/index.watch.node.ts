/** Live sources in Node: the entry `movinet/watch`. */

export type { EventRules } from "./watch/event-rules.ts";
export { EventDetector } from "./watch/events.ts";
export type { WatchEvent, WatchPrediction, WatchRecord, WatchStatus } from "./watch/records.ts";
