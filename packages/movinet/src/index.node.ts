/** The front door in Node: the entry `movinet`. */

export { type OpenOptions, open, type VideoSource } from "./flow/open.node.ts";
export * from "./index.ts";
