/** The page of the test of engines, as a module worker. */
import { answering } from "./engines-page.web.ts";

addEventListener("message", async ({ data: [name, ...args] }: MessageEvent<[string, ...never[]]>) => {
  postMessage(await answering[name]?.(...args));
});
