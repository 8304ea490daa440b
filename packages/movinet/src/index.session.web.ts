/** The entry `movinet/session` in a browser. */

export { openEngine } from "./engines/device.web.ts";
export * from "./index.session.ts";
