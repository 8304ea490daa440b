import { availableParallelism } from "node:os";
import { defineCommand } from "citty";
import { formatDuration } from "movinet";
import { checkOutputFolder } from "../check-output.ts";
import { interruptible } from "../interrupt.ts";
import { openTerminal, type Terminal } from "../terminal.ts";
import { parseCount, parsePositive, UsageError } from "../usage.ts";

const example = "Run for example: movinet dataset synth camera-motion clips";
const sides = { least: 32, most: 1280 };
const mostSeconds = 60;

export const datasetSynthCommand = defineCommand({
  meta: { name: "synth", description: "Generates clips whose labels are known: camera-motion, what the camera does" },
  args: {
    kind: { type: "positional", description: "What to generate: camera-motion", required: false },
    out: { type: "positional", description: "A folder that is new or empty", required: false },
    clips: { type: "string", description: "Clips in all, spread evenly over the labels", default: "100" },
    seed: { type: "string", description: "Another number makes other clips, the same one the same", default: "0" },
    size: { type: "string", description: "WIDTHxHEIGHT in pixels (default: various, up to 320x240)" },
    seconds: { type: "string", description: "Length of each clip", default: "2" },
    jobs: { type: "string", description: "Clips to make at a time (default: the machine's cores)" },
    json: { type: "boolean", description: "One JSON object on stdout" },
    quiet: { type: "boolean", description: "No progress" },
    debug: { type: "boolean", description: "Show the stack of an error" },
  },
  async run({ args }) {
    const [kind, out, ...more] = args._;
    if (kind === undefined || out === undefined || more.length > 0) {
      throw new UsageError("dataset synth", "it takes a kind and a folder", example);
    }
    if (kind !== "camera-motion") throw new UsageError(kind, "there is no such kind of clips", example);
    const options = {
      clips: parseCount("clips", args.clips as string, 1, 1_000_000),
      seed: parseCount("seed", args.seed as string, 0),
      size: args.size === undefined ? undefined : parseSize(args.size as string),
      seconds: parseSeconds(args.seconds as string),
      jobs: args.jobs === undefined ? availableParallelism() : parseCount("jobs", args.jobs as string),
    };
    return synthesize(out, options, openTerminal({ json: Boolean(args.json), quiet: Boolean(args.quiet) }));
  },
});

interface Settings {
  readonly clips: number;
  readonly seed: number;
  readonly size: { readonly width: number; readonly height: number } | undefined;
  readonly seconds: number;
  readonly jobs: number;
}

/** Makes the dataset and returns the exit code: 0 done, 130 interrupted. */
async function synthesize(out: string, settings: Settings, terminal: Terminal): Promise<number> {
  await checkOutputFolder(out, async () => false);
  const { makeCameraMotion } = await import("movinet/train");
  const progress = terminal.progress();
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const make = async (signal: AbortSignal) => {
    const report = await makeCameraMotion(out, {
      ...settings,
      signal,
      onClip(done, total) {
        const left = (elapsed() / done) * (total - done);
        progress.update({ done, total, label: "", detail: `${done}/${total} clips  ETA ${formatDuration(left)}` });
      },
    }).finally(() => progress.stop());
    const seconds = elapsed();
    if (terminal.json) terminal.result(JSON.stringify({ type: "synth", kind: "camera-motion", ...report, seconds }));
    else {
      const { train, validation, test } = report.splits;
      terminal.result(
        `${out}: ${report.clips} clips of ${report.labels.length} labels in ${formatDuration(seconds)} (train ${train}, validation ${validation}, test ${test}); manifest.csv lists them`,
      );
    }
    return 0;
  };
  return interruptible(terminal, make, () => "interrupted. Nothing was left behind.");
}

function parseSize(value: string): { width: number; height: number } {
  const [, width, height] = /^(\d+)x(\d+)$/i.exec(value) ?? [];
  const [w, h] = [Number(width), Number(height)];
  const fits = (side: number) => side % 2 === 0 && side >= sides.least && side <= sides.most;
  if (fits(w) && fits(h)) return { width: w, height: h };
  throw new UsageError(
    "--size",
    `${JSON.stringify(value)} is no size of even sides from ${sides.least} to ${sides.most} pixels`,
    "Give it as WIDTHxHEIGHT, for example 192x144",
  );
}

function parseSeconds(value: string): number {
  const seconds = parsePositive("seconds", value);
  if (seconds >= 0.3 && seconds <= mostSeconds) return seconds;
  throw new UsageError("--seconds", `${value} is not between 0.3 and ${mostSeconds}`, "Give it as a number of seconds");
}
