import { availableParallelism } from "node:os";
import { makeCameraMotion } from "movinet/train";
import { defineCommand } from "../command.ts";
import { checkOutputFolder } from "../files.ts";
import { argument, count, parsed, readPositive, usually } from "../options.ts";
import { timeLeft } from "../stage-progress.ts";
import { formatDuration } from "../tables/text.ts";
import { UsageError } from "../usage.ts";

const example = "dataset synth camera-motion clips";
const sides = { least: 32, most: 1280 };
const mostSeconds = 60;

export const synthCommand = defineCommand({
  name: "dataset synth",
  takes: "it takes a kind and a folder",
  example,
  options: {
    kind: argument("What to generate: camera-motion"),
    out: argument("A folder that is new or empty"),
    clips: usually(100, count("Clips in all, spread evenly over the labels", 1, 1_000_000)),
    seed: usually(0, count("Another number makes other clips, the same one the same", 0)),
    size: parsed("WIDTHxHEIGHT in pixels (default: various, up to 320x240)", readSize),
    seconds: usually(2, parsed("Length of each clip", readSeconds)),
    jobs: count("Clips to make at a time (default: the machine's cores)"),
  },
  json: "One JSON object on stdout",
  async run({ kind, out, clips, seed, size, seconds: length, jobs }, { terminal, signal, ifInterrupted }) {
    if (kind !== "camera-motion") {
      throw new UsageError(kind, "there is no such kind of clips", `Run for example: movinet ${example}`);
    }
    ifInterrupted("Nothing was left behind.");
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
  throw new UsageError(
    name,
    `${JSON.stringify(value)} is no size of even sides from ${sides.least} to ${sides.most} pixels`,
    "Give it as WIDTHxHEIGHT, for example 192x144",
  );
}

function readSeconds(value: string, name: string): number {
  const seconds = readPositive(value, name);
  if (seconds >= 0.3 && seconds <= mostSeconds) return seconds;
  throw new UsageError(name, `${value} is not between 0.3 and ${mostSeconds}`, "Give it as a number of seconds");
}
