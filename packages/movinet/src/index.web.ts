/** The main entry `movinet` in browsers, under the `browser` condition. */

export { type OpenOptions, open } from "./flow/open.web.ts";
export * from "./index.ts";
export { ModelCache } from "./zoo/model-cache.web.ts";
