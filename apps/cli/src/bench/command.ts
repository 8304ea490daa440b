import { basename } from "node:path";
import { defineCommand } from "../command.ts";
import {
  count,
  flag,
  list,
  measuredDeviceOption,
  notWith,
  otherwise,
  rest,
  text,
  threads,
  usually,
  type ValuesOf,
} from "../options.ts";
import { renderBench, renderCsv } from "../tables/bench.ts";
import { UsageError } from "../usage.ts";
import { benchModel, benchVideo } from "./bench.ts";
import { peerNames } from "./runner.ts";

const defaultRounds = 20;

const benchOptions = {
  model: otherwise(
    "a0-stream",
    rest("Model names or files; names that are not in the cache are timed with random weights"),
  ),
  peer: list(`Compare with ${peerNames.join(", ")}; separate several with commas`, peerNames),
  checkout: text("Folder of the PyTorch port, for --peer pytorch", "folder"),
  video: text("Time the stages of a whole video instead", "file"),
  device: measuredDeviceOption,
  threads: usually(1, threads("Threads of the network")),
  rounds: otherwise(String(defaultRounds), count("Alternating rounds of 20 steps")),
  csv: flag("Print comma-separated values"),
};

export const benchCommand = defineCommand({
  name: "bench",
  examples: ["bench a0-stream a2-stream", "bench model.tflite --peer litert", "bench a0-stream --video clip.mp4"],
  options: benchOptions,
  json: "Print one JSON object per line",
  async run(options, { terminal, signal }) {
    checkTogether(options, terminal.json);
    const { video, csv, device = null, threads, peer: peers, checkout, rounds = defaultRounds } = options;
    const models = options.model.length > 0 ? options.model : ["a0-stream"];
    const rows = [];
    let failed = 0;
    for (const model of models) {
      const progress = terminal.progress();
      const warn = (warning: string) => terminal.warn(`movinet: ${model}: warning: ${warning}.`);
      const settings = { device, threads, rounds, peers, checkout, signal, warn };
      try {
        const measured =
          video !== undefined
            ? [await benchVideo(model, video, settings)]
            : await benchModel(
                model,
                settings,
                (peer, reason) => terminal.warn(`movinet: ${peer}: skipped: ${reason}`),
                (done) => {
                  const detail = `round ${done}/${rounds}`;
                  progress.update({ done, total: rounds, label: basename(model), detail });
                },
              );
        rows.push(...measured);
        if (terminal.json) for (const row of measured) terminal.result(JSON.stringify(row));
      } catch (error) {
        signal.throwIfAborted();
        terminal.warn((error as Error).message.replace(/^(?!movinet: )/, "movinet: "));
        failed++;
      } finally {
        progress.stop();
      }
    }
    if (!terminal.json && rows.length > 0)
      terminal.result((csv ? renderCsv(rows) : renderBench(rows, terminal.room)).trimEnd());
    return failed > 0 ? 1 : 0;
  },
});

/** Refuses options that do not go together. */
function checkTogether({ video, peer, rounds, checkout, csv }: ValuesOf<typeof benchOptions>, json: boolean): void {
  if (csv && json) throw notWith("--csv", "--json");
  const idle = peer.length > 0 ? "--peer" : rounds !== undefined ? "--rounds" : null;
  if (video !== undefined && idle !== null) throw notWith(idle, "--video");
  if (checkout === undefined || peer.includes("pytorch")) return;
  throw new UsageError("--checkout", "needs --peer pytorch");
}
