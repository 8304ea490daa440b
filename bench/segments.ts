/** How right segments are: `node bench/segments.ts > bench/results/segments.csv`. Needs ffmpeg and the shared clips. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { classifyFrames, nodeEngine, openModel, openVideo, Program, percentile, Segmenter, topK } from "movinet";
import { officialModel } from "../packages/movinet/test/shared.ts";
import { concatenate, requireMaterial } from "./clips.ts";

requireMaterial();
const folder = mkdtempSync(join(tmpdir(), "movinet-segments-"));
const model = await openModel(officialModel);
const program = await Program.compile(model, await nodeEngine());
const filters = {
  squashed: "scale=320:240",
  letterboxed: "scale=426:240:force_original_aspect_ratio=decrease,pad=426:240:(ow-iw)/2:(oh-ih)/2",
};
console.log("seed,scaling,seconds,clips,segments,labelledRight,medianSwitchSeconds,switchesOver3s");
try {
  for (const [scaling, filter] of Object.entries(filters)) {
    for (const seed of [1, 2]) {
      const { file, truth } = concatenate(seed, filter, folder);
      const video = openVideo(file, { fps: model.card.fps, size: model.card.input });
      const segmenter = new Segmenter();
      for await (const { recent } of classifyFrames(video, program, { recent: true })) {
        if (recent) segmenter.add(recent.since, recent.scores);
      }
      const segments = segmenter.end(video.duration).map(({ start, end, scores }) => {
        return { start, end, label: topK(scores, model.card.labels, 1)[0]?.label };
      });
      const overlap = (a: { start: number; end: number }, b: { start: number; end: number }) =>
        Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start));
      let right = 0;
      const switches = truth.map((stretch) => {
        const named = segments.filter((segment) => segment.label === stretch.label && overlap(segment, stretch) > 1);
        right += named.reduce((sum, segment) => sum + overlap(segment, stretch), 0);
        return Math.max(0, (named[0]?.start ?? Number.POSITIVE_INFINITY) - stretch.start);
      });
      const seconds = truth.at(-1)?.end ?? 0;
      const median = percentile(switches, 50);
      const late = switches.filter((delay) => delay > 3).length;
      const cells = [seed, scaling, seconds.toFixed(1), truth.length, segments.length, (right / seconds).toFixed(3)];
      console.log([...cells, median.toFixed(2), late].join(","));
    }
  }
} finally {
  await program[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
}
