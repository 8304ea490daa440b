/** Splits a long video into labelled segments and prints them as subtitles: `node segments.ts video.mp4 model.tflite > video.vtt`. */
import { open, renderSubtitles, Segmenter } from "movinet";

const [clip = "clip.mp4", model] = process.argv.slice(2);
await using recognizer = await open(model);
const segmenter = new Segmenter();
let end = 0;
for await (const { time, recent } of recognizer.classify(clip, { recent: true })) {
  if (recent) segmenter.add(recent.since, recent.scores);
  end = time + 1 / recognizer.card.fps;
}
console.log(renderSubtitles(segmenter.end(end), recognizer.card.labels, "vtt"));
