/**
 * Golden cases as TensorFlow checkpoints, restored and run by the official code: the largest difference between its
 * logits and the golden ones, and whether it saves again what it restored. `MOVINET_PYTHON` is a Python with the
 * requirements of `peers/tensorflow-checkpoint.py`. Cases with gate A are skipped: the current official code has none.
 *
 * `node bench/checkpoints.ts [CASE…]`
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeModel } from "movinet/formats";
import { differencesOfOfficial } from "../packages/movinet/src/formats/tensorflow/write/checkpoint.ts";
import { allFigures, modelOfFigures } from "../packages/movinet/test/golden/figures.ts";
import { pathOf, row, runPeer, temporaryFolder } from "./material.ts";

const cases = process.argv.slice(2);
const folder = temporaryFolder();
for (const figures of allFigures) {
  if (cases.length > 0 && !cases.includes(figures.case)) continue;
  const model = modelOfFigures(figures);
  if (differencesOfOfficial(model.spec).length > 0) continue;
  for (const [ending, bytes] of writeModel(model, { format: "checkpoint" }))
    writeFileSync(join(folder, figures.case + ending), bytes);
}
row("case,frames,difference,saved again");
for (const line of runPeer("tensorflow-checkpoint.py", pathOf("../packages/movinet/test/golden/figures"), folder)) {
  row(line);
}
