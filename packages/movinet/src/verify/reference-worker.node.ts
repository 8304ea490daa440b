/** The thread of the reference interpreter: logits of whole clips. */
import { workerData } from "node:worker_threads";
import { answerRequests } from "../common/thread.node.ts";
import type { Model } from "../model/model.ts";
import type { Frames } from "./clips.ts";
import { interpretClip } from "./runner.ts";

const model = workerData as Model;

answerRequests((clip: Frames) => interpretClip(model, clip));
