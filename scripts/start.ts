/**
 * `npm start`: a demonstration with nothing but this repository: generates a clip with a moving camera, and classifies
 * it with the model that comes with the command line. `npm start -- --model MODEL CLIP` classifies your own clip.
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeCameraMotion } from "movinet/train";

const plot = "movinet-plot.svg";
const label = "zoom in";
const folder = mkdtempSync(join(tmpdir(), "movinet-start-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
let args = process.argv.slice(2);
if (args.length === 0) {
  const clips = join(folder, "clips");
  console.error(`makes a clip in which the camera does this: ${label}`);
  await makeCameraMotion(clips, { clips: 5, seed: 3, size: { width: 256, height: 192 }, seconds: 3 });
  args = ["--model", "camera-motion", ...globSync(`${clips}/${label}/*.mp4`).slice(0, 1)];
}
if (!args.includes("--plot")) args.push("--plot", plot);
const bin = fileURLToPath(new URL("../apps/cli/bin/movinet.js", import.meta.url));
const { status } = spawnSync(process.execPath, [bin, "classify", ...args], { stdio: "inherit" });
if (status === 0) console.error(`plot: ${args[args.indexOf("--plot") + 1]}`);
process.exitCode = status ?? 1;
