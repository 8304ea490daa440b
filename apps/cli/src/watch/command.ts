import { MovinetError } from "movinet";
import { Program } from "movinet/session";
import { watch } from "movinet/watch";
import { defineCommand } from "../command.ts";
import { openNamedEngine } from "../engine.ts";
import { checkOutputFolder } from "../files.ts";
import { openNamedModel } from "../models.ts";
import { UsageError } from "../usage.ts";
import { watchOptions } from "./options.ts";
import { PlainLines } from "./plain.ts";

export const watchCommand = defineCommand({
  name: "watch",
  examples: [
    "watch rtsp://camera.local/stream",
    "watch camera:0 --top 1",
    "watch rtsp://user:password@10.0.0.5/sub rtsp://10.0.0.6/sub --json",
    "watch clip.mp4 --realtime",
  ],
  options: watchOptions,
  fetches: true,
  json: "Print one JSON object per line",
  async run({ source, model: name, labels, device, threads, duration, state, halfLife, ...settings }, context) {
    const { terminal, signal } = context;
    if (state !== undefined) await checkOutputFolder(state, async () => true);
    const model = await openNamedModel(name, { ...context, labels, option: "--model" });
    if (model.spec.mode !== "stream") {
      throw new UsageError("--model", `is the base model ${model.card.name}`, "Pass a stream model, such as a0-stream");
    }
    const engine = await openNamedEngine({ device, threads: threads ?? 1 }, terminal);
    const program = await Program.compile(model, engine);
    /** Sources that are or were live. */
    const lived = new Set<string>();
    const lines = new PlainLines();
    try {
      const watched = openWatch(() =>
        watch(program, source, { ...settings, halfLifeSeconds: halfLife, stateFolder: state }),
      );
      const names = watched.names;
      const stop = () => void watched[Symbol.asyncDispose]().catch(() => {});
      signal.addEventListener("abort", stop);
      const timer = duration === undefined ? null : setTimeout(stop, 1000 * duration);
      try {
        for await (const record of watched) {
          if (record.type === "status" && record.state === "live") lived.add(record.source);
          const line = terminal.json ? JSON.stringify(record) : lines.line(record);
          if (line !== null) terminal.result(line);
        }
        await watched[Symbol.asyncDispose]();
      } finally {
        if (timer) clearTimeout(timer);
        signal.removeEventListener("abort", stop);
      }
      if (signal.aborted) return 130;
      return names.every((one) => lived.has(one)) ? 0 : 1;
    } finally {
      await program[Symbol.asyncDispose]();
    }
  },
});

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
