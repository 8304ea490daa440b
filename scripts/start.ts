/**
 * `npm start`: the main job on a real clip. `npm start -- --model MODEL CLIP` runs it on yours; without arguments it
 * takes the clip and the model that stand beside the repository in `shared/`, where they are.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const plot = "movinet-plot.svg";
let args = process.argv.slice(2);
if (args.length === 0) {
  const shared = process.env["MOVINET_SHARED"] ?? here("../../shared");
  const clip = `${shared}/videos/k600/tfex_carving_ice_rpi.mp4`;
  const model = `${shared}/models/movinet_a0_stream_k600_int8.tflite`;
  if (!existsSync(clip) || !existsSync(model)) {
    console.error(
      "movinet: npm start: there is no sample clip and model here. Run: npm start -- --model MODEL.tflite CLIP.mp4",
    );
    process.exit(2);
  }
  args = ["--model", model, clip];
}
if (!args.includes("--plot")) args.push("--plot", plot);
const { status } = spawnSync(process.execPath, [here("../apps/cli/bin/movinet.js"), "classify", ...args], {
  stdio: "inherit",
});
if (status === 0) console.error(`plot: ${args[args.indexOf("--plot") + 1]}`);
process.exit(status ?? 1);
