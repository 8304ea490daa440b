/** A thread that throws what it is asked to. */
import { answerRequests } from "../../src/common/thread.node.ts";
import { failAs } from "./failures.ts";

answerRequests(failAs);
