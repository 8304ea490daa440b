/** Reads the model file of its argument and prints as JSON how that ended, and the most memory it took, in kilobytes. */
import { readFileSync } from "node:fs";
import { MovinetError } from "../../src/common/errors.ts";
import { openModel } from "../../src/zoo/lookup.node.ts";

const outcome = await openModel(process.argv[2]).then(
  () => "accepted",
  (error: unknown) => (error instanceof MovinetError ? error.code : String(error)),
);
const peak =
  process.platform === "linux"
    ? Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1])
    : process.resourceUsage().maxRSS;
process.stdout.write(JSON.stringify({ outcome, peak }));
