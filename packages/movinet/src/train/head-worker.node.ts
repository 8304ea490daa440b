/** The thread of `inHeadThread`. */
import { workerData } from "node:worker_threads";
import { answerRequests } from "../common/thread.node.ts";
import { fitHead, headOf } from "./frozen-head.ts";
import type { HeadModel, HeadRequest } from "./head-thread.node.ts";
import { testMirroring } from "./mirror.ts";

const head = headOf(workerData as HeadModel);

answerRequests((request: HeadRequest) => {
  const { kind, samples, options } = request;
  return kind === "fit" ? fitHead(samples, head, options) : testMirroring(request.samples, head, options);
});
