/** Accuracy of segments: `node bench/segments.ts > bench/results/segments.csv`. Needs ffmpeg and the shared clips. */
import { Segmenter } from "movinet";
import { percentile } from "movinet/files";
import { classifyFrames, topK } from "movinet/session";
import { openVideo } from "movinet/video";
import { concatenate, openOfficial, row, temporaryFolder } from "./material.ts";

const folder = temporaryFolder();
const { card, program } = await openOfficial();
const filters = {
  squashed: "scale=320:240",
  letterboxed: "scale=426:240:force_original_aspect_ratio=decrease,pad=426:240:(ow-iw)/2:(oh-ih)/2",
};
row("seed,scaling,seconds,clips,segments,labelledRight,medianSwitchSeconds,switchesOver3s");
for (const [scaling, filter] of Object.entries(filters)) {
  for (const seed of [1, 2]) {
    const { file, truth } = concatenate(seed, filter, folder);
    const video = openVideo(file, { fps: card.fps, size: card.input });
    const segmenter = new Segmenter();
    for await (const { recent } of classifyFrames(video, program, { recent: true })) {
      if (recent) segmenter.add(recent.since, recent.scores);
    }
    const segments = segmenter.end(video.duration).map(({ start, end, scores }) => {
      return { start, end, label: topK(scores, card.labels, 1)[0]?.label };
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
    row(...cells, median.toFixed(2), late);
  }
}
await program[Symbol.asyncDispose]();
