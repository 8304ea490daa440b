/**
 * Creates the README's picture: `node scripts/sample-plot.ts MODEL [OUT]`. The clip is generated here: balls thrown in
 * an arc, one after another.
 */
import { writeFile } from "node:fs/promises";
import type { Frame } from "movinet";
import { openModel } from "movinet/files";
import { classifyFrames, openEngine, Program, percentText, topK } from "movinet/session";
import { createPlotRecorder, renderPlot } from "movinet/video";

const [modelFile, out = "docs/plot.svg"] = process.argv.slice(2);
if (!modelFile) throw new Error("usage: node scripts/sample-plot.ts MODEL [OUT]");
const side = 172;

function drawFrame(time: number): Frame {
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) data.set(y > 130 ? [96, 140, 80] : [150, 190 - y / 2, 225], (y * side + x) * 3);
  }
  for (const [i, color] of [
    [220, 60, 50],
    [240, 200, 60],
    [70, 90, 200],
  ].entries()) {
    const phase = (time * 0.8 + i / 3) % 1;
    const [cx, cy] = [50 + 72 * phase, 120 - 320 * phase * (1 - phase)];
    for (let y = Math.max(0, Math.floor(cy - 9)); y <= Math.min(side - 1, cy + 9); y++) {
      for (let x = Math.floor(cx - 9); x <= cx + 9; x++) {
        if ((x - cx) ** 2 + (y - cy) ** 2 <= 81) data.set(color, (y * side + x) * 3);
      }
    }
  }
  return { data, width: side, height: side, timestamp: time };
}

async function* drawClip(seconds: number, fps: number): AsyncGenerator<Frame> {
  for (let k = 0; k <= seconds * fps; k++) yield drawFrame(k / fps);
}

const model = await openModel(modelFile);
const program = await Program.compile(model, await openEngine());
const recorder = createPlotRecorder();
let scores: Float32Array = new Float32Array();
for await (const result of classifyFrames(drawClip(8, model.card.fps), program)) {
  scores = result.scores;
  recorder.add(result.time, result.scores, result.picture);
}
await program[Symbol.asyncDispose]();
const [best] = topK(scores, model.card.labels, 1);
const subtitle = best ? `a0-stream: ${best.label}, ${percentText(best.score)}` : "";
const plot = {
  title: "generated: balls in an arc",
  subtitle,
  points: recorder.points,
  labels: model.card.labels,
  aspect: 1,
};
await writeFile(out, await renderPlot(plot, out.endsWith(".png") ? "png" : "svg"));
