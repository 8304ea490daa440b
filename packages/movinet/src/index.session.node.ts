/** The entry `movinet/session` in Node. */

export { openEngine } from "./engines/device.node.ts";
export * from "./index.session.ts";
