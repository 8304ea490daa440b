import { ClipCache, checkDataset, openDataset } from "movinet/train";
import { defineCommand } from "../command.ts";
import { argument, count, datasetText, otherwise, short } from "../options.ts";
import { timeLeft } from "../stage-progress.ts";
import { renderReport } from "../tables/dataset.ts";

/** Checks a dataset; the exit code is 1 where problems were found. */
export const checkCommand = defineCommand({
  name: "dataset check",
  examples: ["dataset check clips/"],
  options: {
    dataset: argument(datasetText),
    jobs: short("j", otherwise("CPU cores", count("Videos to decode at a time"))),
  },
  json: "Print one JSON object",
  async run({ dataset: path, jobs }, { terminal, signal, ifInterrupted }) {
    ifInterrupted("Decoded clips stay in the cache.");
    const dataset = await openDataset(path);
    const cache = new ClipCache();
    const progress = terminal.progress();
    const started = performance.now();
    let failed = 0;
    try {
      const report = await checkDataset(dataset, {
        cache,
        jobs,
        signal,
        onClip({ done, total, error }) {
          if (error) failed++;
          const failures = failed > 0 ? `  ${failed} failed` : "";
          const detail = `${done}/${total} clips  ETA ${timeLeft(started, done, total)}${failures}`;
          progress.update({ done, total, label: "decoding", detail });
        },
      });
      progress.stop();
      const problems = report.findings.filter(({ severity }) => severity === "problem").length;
      if (terminal.json) terminal.result(JSON.stringify({ type: "dataset", ...report, problems }));
      else terminal.result(renderReport(report, terminal));
      return problems > 0 ? 1 : 0;
    } finally {
      progress.stop();
      await cache[Symbol.asyncDispose]();
    }
  },
});
