/** A process that throws what it is asked to, or ends. */
import { answerParent } from "../../src/common/child.node.ts";
import { failAs } from "./failures.ts";

answerParent((kind: string) => {
  if (kind === "end") {
    process.stderr.write("a warning\nit cannot go on\n", () => process.exit(3));
    return new Promise(() => {});
  }
  return failAs(kind);
});
