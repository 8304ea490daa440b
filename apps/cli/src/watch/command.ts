import { MovinetError } from "movinet";
import { Program } from "movinet/session";
import { type Watch, type WatchSource, watch } from "movinet/watch";
import { defineCommand } from "../command.ts";
import { arithmeticText, openNamedEngine } from "../engine.ts";
import { checkOutputFolder } from "../files.ts";
import { openNamedModel } from "../models.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";
import { checkEvents, readConfig, type SinkConfig, type WatchConfig } from "./config.ts";
import { sinksOf } from "./event-options.ts";
import { watchOptions } from "./options.ts";
import { Outputs } from "./outputs.ts";

/** Beyond this many classes, something is found in any scene. */
const manyClasses = 50;

export const watchCommand = defineCommand({
  name: "watch",
  examples: [
    "watch rtsp://camera.local/stream",
    "watch camera:0 --top 1",
    "watch rtsp://user:password@10.0.0.5/sub rtsp://10.0.0.6/sub --json",
    "watch clip.mp4 --realtime",
    "watch --config cameras.yaml --out events.jsonl",
  ],
  options: watchOptions,
  fetches: true,
  json: "Print one JSON object per line",
  quiet: "Lines instead of a view",
  async run({ source, config: path, out, webhook, mqtt, duration, ...given }, context) {
    const { terminal, signal } = context;
    const config: WatchConfig = path === undefined ? noCameras : await readConfig(path);
    const sources: readonly WatchSource[] = [...config.cameras, ...source.map((one) => ({ source: one }))];
    if (sources.length === 0) {
      throw new UsageError("watch", "missing SOURCE", "Pass a camera's URL, or --config cameras.yaml");
    }
    const sinks = [...config.sinks, ...sinksOf({ out, webhook, mqtt })];
    const { labels = config.labels, device = config.device, state = config.state, halfLife, ...settings } = given;
    const { model: name = config.model, threads = config.threads ?? 1, ...others } = settings;
    const common = { ...others, halfLifeSeconds: halfLife };
    // Flags that are not given are false, and other options undefined: those leave what the file says.
    const asked = Object.fromEntries(
      Object.entries(common).filter(([, value]) => value !== undefined && value !== false),
    );
    if (state !== undefined) await checkOutputFolder(state, async () => true);
    const folders = [common.clips, ...sources.map(({ clips }) => clips)];
    for (const folder of new Set(folders)) if (folder !== undefined) await checkOutputFolder(folder, async () => true);
    const model = await openNamedModel(name, { ...context, labels, option: "--model" });
    if (model.spec.mode !== "stream") {
      throw new UsageError("--model", `is the base model ${model.card.name}`, "Pass a stream model, such as a0-stream");
    }
    const classes = model.card.labels ?? Array.from({ length: model.spec.classes }, (_, index) => String(index));
    if (path !== undefined) checkEvents(path, config, classes);
    const engine = await openNamedEngine({ model, device, threads }, terminal);
    const program = await Program.compile(model, engine);
    try {
      const watched = openWatch(() =>
        watch(
          program,
          sources.map((one) => ({ ...one, ...asked })),
          { stateFolder: state },
        ),
      );
      const stop = () => void watched[Symbol.asyncDispose]().catch(() => {});
      signal.addEventListener("abort", stop);
      const timer = duration === undefined ? null : setTimeout(stop, 1000 * duration);
      try {
        const allLived = await follow(watched, sinks, terminal);
        if (model.integers) terminal.note(arithmeticText(program));
        return signal.aborted ? 130 : allLived ? 0 : 1;
      } finally {
        if (timer) clearTimeout(timer);
        signal.removeEventListener("abort", stop);
        await watched[Symbol.asyncDispose]();
      }
    } finally {
      await program[Symbol.asyncDispose]();
    }
  },
});

const noCameras: WatchConfig = { cameras: [], sinks: [], classes: [] };

/** Shows and sends the records until the watch ends. Returns whether every source was live at some time. */
async function follow(watched: Watch, sinks: readonly SinkConfig[], terminal: Terminal): Promise<boolean> {
  const { names } = watched;
  const cameras = names.map((name) => ({ name, classes: watched.classesOf(name) }));
  const crowded = cameras.find(({ classes }) => classes.length > manyClasses);
  if (sinks.length > 0 && crowded) {
    terminal.warning(
      `${crowded.name} has events of ${crowded.classes.length} classes: any scene looks like one of them. Name those that matter in --config (events: only)`,
    );
  }
  const lived = new Set<string>();
  const outputs = await Outputs.open(terminal, cameras, sinks);
  try {
    for await (const record of watched) {
      if (record.type === "status" && record.state === "live") lived.add(record.source);
      outputs.add(record);
    }
  } finally {
    await outputs[Symbol.asyncDispose]();
  }
  return names.every((name) => lived.has(name));
}

/** What the command line got wrong is its usage. */
function openWatch<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof MovinetError) || error.code !== "E_WATCH_SOURCE") throw error;
    const remedy = error.remedy.replace(" (realtime)", " with --realtime, or realtime: true in --config");
    throw new UsageError(error.subject, error.problem, remedy);
  }
}
