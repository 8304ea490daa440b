import { MovinetError } from "movinet";
import { Program } from "movinet/session";
import { type WatchRecord, type WatchSource, watch } from "movinet/watch";
import { defineCommand } from "../command.ts";
import { openNamedEngine } from "../engine.ts";
import { checkOutputFolder } from "../files.ts";
import { openNamedModel } from "../models.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";
import { checkClasses, readConfig, type WatchConfig } from "./config.ts";
import { sinksOf } from "./event-options.ts";
import { watchOptions } from "./options.ts";
import { PlainLines } from "./plain.ts";
import { canShowView, Screen } from "./screen.ts";
import type { Sink } from "./sink.ts";
import { openSinks } from "./sinks.ts";

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
  async run({ source, config: path, out, webhook, mqtt, duration, ...given }, context) {
    const { terminal, signal } = context;
    const config: WatchConfig = path === undefined ? noCameras : await readConfig(path);
    const sources: readonly WatchSource[] = [...config.cameras, ...source.map((one) => ({ source: one }))];
    if (sources.length === 0) {
      throw new UsageError("watch", "there is no source", "Pass rtsp://…, camera:0 or another, or --config FILE");
    }
    const sinks = [...config.sinks, ...sinksOf({ out, webhook, mqtt })];
    const { labels = config.labels, device = config.device, state = config.state, halfLife, ...settings } = given;
    const { model: name = config.model, threads = config.threads ?? 1, ...common } = settings;
    if (state !== undefined) await checkOutputFolder(state, async () => true);
    const model = await openNamedModel(name, { ...context, labels, option: "--model" });
    if (model.spec.mode !== "stream") {
      throw new UsageError("--model", `is the base model ${model.card.name}`, "Pass a stream model, such as a0-stream");
    }
    if (path !== undefined) checkClasses(path, config, model.card.labels ?? []);
    const engine = await openNamedEngine({ device, threads }, terminal);
    const program = await Program.compile(model, engine);
    /** Sources that are or were live. */
    const lived = new Set<string>();
    try {
      const watched = openWatch(() =>
        watch(program, sources, { ...common, halfLifeSeconds: halfLife, stateFolder: state }),
      );
      const { names } = watched;
      const stop = () => void watched[Symbol.asyncDispose]().catch(() => {});
      signal.addEventListener("abort", stop);
      const timer = duration === undefined ? null : setTimeout(stop, 1000 * duration);
      const shown = showRecords(names, terminal);
      let sink: Sink | null = null;
      try {
        const cameras = names.map((camera) => ({ name: camera, classes: watched.classesOf(camera) }));
        sink = await openSinks(sinks, cameras, shown.complain);
        for await (const record of watched) {
          if (record.type === "status" && record.state === "live") lived.add(record.source);
          shown.add(record);
          sink.write(record);
        }
      } finally {
        if (timer) clearTimeout(timer);
        signal.removeEventListener("abort", stop);
        await watched[Symbol.asyncDispose]();
        await sink?.[Symbol.asyncDispose]();
        shown.close();
      }
      if (signal.aborted) return 130;
      return names.every((one) => lived.has(one)) ? 0 : 1;
    } finally {
      await program[Symbol.asyncDispose]();
    }
  },
});

const noCameras: WatchConfig = { cameras: [], sinks: [], classes: [] };

interface Shown {
  add(record: WatchRecord): void;
  /** Shows what is wrong with a place for records. */
  complain(line: string): void;
  close(): void;
}

/** The view on terminals, lines elsewhere. */
function showRecords(names: readonly string[], terminal: Terminal): Shown {
  if (terminal.json || !canShowView(process.stdout)) {
    const lines = new PlainLines();
    return {
      add(record) {
        const line = terminal.json ? JSON.stringify(record) : lines.line(record);
        if (line !== null) terminal.result(line);
      },
      complain: (line) => terminal.warn(line),
      close() {},
    };
  }
  const screen = new Screen(names, process.stdout, terminal.color);
  return {
    add: (record) => screen.add(record),
    complain: (line) => (screen.isOpen ? screen.warn(line) : terminal.warn(line)),
    close() {
      for (const line of screen.close()) terminal.warn(line);
    },
  };
}

/** What the command line got wrong is its usage. */
function openWatch<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof MovinetError) || error.code !== "E_WATCH_SOURCE") throw error;
    const remedy = error.remedy.replace(" (realtime)", " with --realtime");
    throw new UsageError(error.subject, error.problem, remedy);
  }
}
