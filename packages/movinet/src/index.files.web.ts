/** Showing users' names in a browser: the entry `movinet/files` under the `browser` condition. */

export { printable } from "./common/printable.ts";
