import { availableParallelism } from "node:os";
import { makeCameraMotion } from "movinet/train";
import { defineCommand } from "../command.ts";
import { checkOutputFolder } from "../files.ts";
import { argument, count, mustBe, otherwise, parsed, readPositive, short, usually } from "../options.ts";
import { timeLeft } from "../stage-progress.ts";
import { formatDuration } from "../tables/text.ts";
import { UsageError } from "../usage.ts";

const sides = { least: 32, most: 1280 };
const mostSeconds = 60;

export const synthCommand = defineCommand({
  name: "dataset synth",
  examples: [
    "dataset synth camera-motion moves --clips 20",
    "dataset synth camera-motion small --clips 10 --size 64x48",
  ],
  options: {
    kind: argument("What to generate: camera-motion"),
    out: argument("New or empty folder"),
    clips: usually(100, count("Clips in total, spread evenly over the labels", 1, 1_000_000)),
    seed: usually(0, count("Seed; the same seed gives the same clips", 0)),
    size: otherwise("various, up to 320x240", parsed("Frame size in pixels", readSize, "WxH")),
    seconds: usually(2, parsed("Length of each clip in seconds", readSeconds, "S")),
    jobs: short("j", otherwise("CPU cores", count("Clips to generate at a time"))),
  },
  json: "Print one JSON object",
  async run({ kind, out, clips, seed, size, seconds: length, jobs }, { terminal, signal, ifInterrupted }) {
    if (kind !== "camera-motion") {
      throw new UsageError(kind, "unknown kind of clips", "Use camera-motion");
    }
    ifInterrupted("Nothing was written.");
    await checkOutputFolder(out, async () => false);
    const progress = terminal.progress();
    const started = performance.now();
    const report = await makeCameraMotion(out, {
      clips,
      seed,
      size,
      seconds: length,
      jobs: jobs ?? availableParallelism(),
      signal,
      onClip(done, total) {
        const detail = `${done}/${total} clips  ETA ${timeLeft(started, done, total)}`;
        progress.update({ done, total, label: "", detail });
      },
    }).finally(() => progress.stop());
    const seconds = (performance.now() - started) / 1000;
    if (terminal.json) terminal.result(JSON.stringify({ type: "synth", kind, ...report, seconds }));
    else {
      const { train, validation, test } = report.splits;
      terminal.result(
        `${out}: ${report.clips} clips of ${report.labels.length} labels in ${formatDuration(seconds)} (train ${train}, validation ${validation}, test ${test}); manifest.csv lists them`,
      );
    }
    return 0;
  },
});

function readSize(value: string, name: string): { width: number; height: number } {
  const [, width, height] = /^(\d+)x(\d+)$/i.exec(value) ?? [];
  const [w, h] = [Number(width), Number(height)];
  const fits = (side: number) => side % 2 === 0 && side >= sides.least && side <= sides.most;
  if (fits(w) && fits(h)) return { width: w, height: h };
  throw mustBe(name, `WIDTHxHEIGHT with even sides from ${sides.least} to ${sides.most}, such as 192x144`, value);
}

function readSeconds(value: string, name: string): number {
  const seconds = readPositive(value, name);
  if (seconds >= 0.3 && seconds <= mostSeconds) return seconds;
  throw mustBe(name, `from 0.3 to ${mostSeconds} seconds`, value);
}
