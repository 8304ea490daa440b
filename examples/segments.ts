/** Tells what a long video shows from when to when, as subtitles: `node segments.ts video.mp4 model.tflite > video.vtt`. */
import { classify, openModel, renderSubtitles, Segmenter } from "movinet";

const [clip = "clip.mp4", file] = process.argv.slice(2);
const model = await openModel(file);
const segmenter = new Segmenter();
let end = 0;
for await (const { time, recent } of classify(clip, { model, recent: true })) {
  if (recent) segmenter.add(recent.since, recent.scores);
  end = time + 1 / model.card.fps;
}
console.log(renderSubtitles(segmenter.end(end), model.card.labels, "vtt"));
