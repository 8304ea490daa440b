/** The front door in a browser: the entry `movinet` under the condition `browser`. */

export { type OpenOptions, open } from "./flow/open.web.ts";
export * from "./index.ts";
