/** The main entry `movinet` in Node. */

export { type OpenOptions, open, type VideoSource } from "./flow/open.node.ts";
export * from "./index.ts";
