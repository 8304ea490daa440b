/** Live sources in Node: the entry `movinet/watch`. */

export { EventDetector } from "./watch/events.ts";
export type { WatchEvent, WatchPrediction, WatchRecord, WatchStatus } from "./watch/records.ts";
export type { WatchOptions, WatchSource } from "./watch/settings.ts";
export { type Watch, watch } from "./watch/watch.node.ts";
