/**
 * Makes the README's pictures: `node scripts/sample-plot.ts [FOLDER]`. A camera pans, rests, zooms in and pans back over a painted
 * landscape, and `movinet classify --plot` with the embedded model draws what it makes of that.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeVideo } from "../packages/movinet/src/synth/encode.node.ts";
import { openScene, type View } from "./sample-scene.ts";

const [out = "docs"] = process.argv.slice(2);
const [width, height, fps] = [320, 180, 20];

/** Where the camera is at the end of each move, and how many seconds that takes. */
const start: View = { x: 400, y: 700, width: 520 };
const moves: readonly (View & { readonly seconds: number })[] = [
  { x: 1500, y: 700, width: 520, seconds: 4 },
  { x: 1500, y: 700, width: 520, seconds: 3 },
  { x: 1500, y: 740, width: 240, seconds: 4 },
  { x: 1080, y: 740, width: 240, seconds: 4 },
];

function* views(): Generator<View> {
  let from = start;
  for (const to of moves) {
    const frames = to.seconds * fps;
    for (let i = 0; i < frames; i++) {
      const part = i / frames;
      // A zoom is even where each frame enlarges by the same factor.
      const wide = from.width * (to.width / from.width) ** part;
      yield { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part, width: wide };
    }
    from = to;
  }
}

const folder = mkdtempSync(join(tmpdir(), "movinet-sample-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const clip = join(folder, "camera.mp4");
const see = openScene(width, height);
encodeVideo(clip, views().map(see), { width, height, fps, quality: 20, keyEvery: fps });
const bin = fileURLToPath(new URL("../apps/cli/bin/movinet.js", import.meta.url));
const pictures = { "plot.svg": "landscape", "plot-portrait.svg": "portrait" };
for (const [file, shape] of Object.entries(pictures)) {
  const args = ["classify", clip, "--model", "camera-motion", "--plot", join(out, file), "--plot-shape", shape];
  const { status } = spawnSync(process.execPath, [bin, ...args], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
