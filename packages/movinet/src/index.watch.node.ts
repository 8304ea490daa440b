/** Live cameras: the entry `movinet/watch`. */

export type { EventRules } from "./watch/event-rules.ts";
export { EventDetector } from "./watch/events.ts";
export type { WatchRecord } from "./watch/records.ts";
