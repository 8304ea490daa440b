/**
 * Damages files at random and looks for anything but a clear error: `node scripts/fuzz.ts [TARGET] [COUNT] [SEED]`. A
 * finding includes the seed that reproduces it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fuzz, targets } from "../packages/movinet/test/fuzz/cases.ts";

const [only, count = "1000", seed = "1"] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), "movinet-fuzz-"));
let findings = 0;
try {
  for (const target of Object.keys(targets) as (keyof typeof targets)[]) {
    if (only !== undefined && only !== target) continue;
    const outcome = await fuzz(target, Number(seed), Number(count), folder);
    for (const finding of outcome.findings) console.log(`${target} seed ${finding.seed}: ${finding.problem}`);
    console.log(
      `${target}: ${outcome.accepted} accepted, ${outcome.refused} refused, ${outcome.findings.length} findings`,
    );
    findings += outcome.findings.length;
  }
} finally {
  await rm(folder, { recursive: true });
}
process.exit(findings > 0 ? 1 : 0);
