/** The entry `movinet/session` in Node. */

export { openEngine } from "./engines/device.node.ts";
export * from "./index.session.ts";
export { WorkerProgram } from "./session/worker-program.node.ts";
