/** What the tests of the File view compare with, and feed it. */
import { type Classification, open, Segmenter } from "movinet";

/** What the library says in Node. */
export async function classifyInNode(video: string, model: string) {
  await using recognizer = await open(model);
  const { labels } = recognizer.card;
  const segmenter = new Segmenter();
  let last: Classification | null = null;
  for await (const result of recognizer.classify(video, { recent: true })) {
    if (result.recent) segmenter.add(result.recent.since, result.recent.scores);
    last = result;
  }
  const end = ((last?.frame ?? 0) + 1) / recognizer.card.fps;
  const segments = segmenter.end(end).map(({ start, scores }) => {
    return { start, label: labels?.[scores.indexOf(Math.max(...scores))] };
  });
  return { frames: (last?.frame ?? 0) + 1, predictions: last?.predictions ?? [], segments };
}

/** Half a second of silence. */
export function wav(): Buffer {
  const data = Buffer.alloc(8000);
  const head = Buffer.from("RIFF....WAVEfmt ....................data....", "latin1");
  head.writeUInt32LE(36 + data.length, 4);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(16_000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
