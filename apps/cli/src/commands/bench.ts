import { basename } from "node:path";
import { defineCommand } from "citty";
import { type PeerName, peerNames } from "../bench/peers.ts";
import { openTerminal } from "../terminal.ts";
import { parseCount, parseThreads, UsageError } from "../usage.ts";

const defaultRounds = 20;

export const benchCommand = defineCommand({
  meta: { name: "bench", description: "Times models, alone or against other engines in the same run" },
  args: {
    model: {
      type: "positional",
      description: "Model files or names; a name that the cache lacks is timed with random weights (default a0-stream)",
      required: false,
    },
    peer: { type: "string", description: `Compare with ${peerNames.join(", ")}; several with commas` },
    checkout: { type: "string", description: "Folder of the PyTorch port, for --peer pytorch", valueHint: "folder" },
    video: { type: "string", description: "Time a whole video by stages instead", valueHint: "file" },
    device: { type: "string", description: "What computes: cpu, or another device of ONNX Runtime", default: "cpu" },
    threads: { type: "string", description: "Threads of the network", default: "1" },
    rounds: { type: "string", description: `Alternating rounds of 20 steps (default ${defaultRounds})` },
    csv: { type: "boolean", description: "Comma-separated values on stdout" },
    json: { type: "boolean", description: "One JSON object a line on stdout" },
    quiet: { type: "boolean", description: "No progress" },
    debug: { type: "boolean", description: "Show the stack of an error" },
  },
  async run({ args }) {
    const video = args.video as string | undefined;
    const peers = parsePeers(args.peer as string | undefined);
    if (args.csv && args.json)
      throw new UsageError("--csv", "--json asks for another form", "Leave one of the two out");
    for (const name of ["peer", "rounds"] as const) {
      if (args[name] === undefined || video === undefined) continue;
      throw new UsageError(`--${name}`, "a whole video is timed alone and once", "Leave it or --video out");
    }
    if (args.checkout !== undefined && !peers.includes("pytorch")) {
      throw new UsageError("--checkout", "it is the folder of a peer that is not asked for", "Give --peer pytorch too");
    }
    const { benchModel, benchVideo } = await import("../bench/bench.ts");
    const { renderBench, renderCsv } = await import("../bench/report.ts");
    const terminal = openTerminal({ json: Boolean(args.json), quiet: Boolean(args.quiet) });
    const models = args._.length > 0 ? args._ : ["a0-stream"];
    const settings = {
      device: args.device as string,
      threads: parseThreads(args.threads as string),
      rounds: args.rounds === undefined ? defaultRounds : parseCount("rounds", args.rounds as string),
      peers,
      checkout: args.checkout as string | undefined,
    };
    const rows = [];
    let failed = 0;
    for (const model of models) {
      const progress = terminal.progress();
      const warn = (warning: string) => terminal.warn(`movinet: ${model}: warning: ${warning}.`);
      try {
        const measured =
          video !== undefined
            ? [await benchVideo(model, video, { ...settings, warn })]
            : await benchModel(
                model,
                { ...settings, warn },
                (peer, reason) => terminal.warn(`movinet: ${peer}: skipped: ${reason}`),
                (done) => {
                  const detail = `round ${done}/${settings.rounds}`;
                  progress.update({ done, total: settings.rounds, label: basename(model), detail });
                },
              );
        rows.push(...measured);
        if (terminal.json) for (const row of measured) terminal.result(JSON.stringify(row));
      } catch (error) {
        terminal.warn((error as Error).message.replace(/^(?!movinet: )/, "movinet: "));
        failed++;
      } finally {
        progress.stop();
      }
    }
    if (!terminal.json && rows.length > 0) terminal.result((args.csv ? renderCsv(rows) : renderBench(rows)).trimEnd());
    return failed > 0 ? 1 : 0;
  },
});

function parsePeers(text: string | undefined): readonly PeerName[] {
  return (text?.split(",") ?? []).map((name) => {
    const peer = peerNames.find((known) => known === name.trim());
    if (peer) return peer;
    throw new UsageError(`--peer`, `${JSON.stringify(name)} is no peer`, `Use ${peerNames.join(", ")}`);
  });
}
