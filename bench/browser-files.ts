/**
 * Files in a browser: `node bench/browser-files.ts MODEL VIDEO...`. A module worker of a Chromium page reads, decodes, samples and
 * classifies each video; and how long a frame's picture takes by each way. Rows are added to `results/browser-files.csv`.
 */
import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { basename } from "node:path";
import { hasChromium, openPage } from "../packages/movinet/test/browser/chromium.ts";
import { machine, row } from "./material.ts";

const [model, ...videos] = process.argv.slice(2);
if (!model || videos.length === 0 || !hasChromium) {
  console.error("usage: node bench/browser-files.ts MODEL VIDEO..., with Chromium installed");
  process.exit(2);
}
const rounds = 3;
const pictures = 60;

const served: Record<string, Uint8Array> = { [`/${basename(model)}`]: await readFile(model) };
for (const video of videos) served[`/${basename(video)}`] = await readFile(video);
const entry = new URL("./browser-files-page.web.ts", import.meta.url);
const { page, close } = await openPage({ entry, global: "bench", served, workers: "'self' blob:" });
const ask = async (name: string, ...args: readonly unknown[]) =>
  (await page.evaluate(`bench(${JSON.stringify(name)}, ...${JSON.stringify(args)})`)) as Record<string, number>;
try {
  const browser = `Chromium ${page.context().browser()?.version()}`;
  row("video,what,ms,timesRealTime,machine,browser,load");
  for (const video of videos) {
    const name = `/${basename(video)}`;
    for (let round = 0; round < rounds; round++) {
      const { seconds = 0, frames, ...times } = await ask("stages", name, `/${basename(model)}`);
      const load = (loadavg()[0] as number).toFixed(1);
      for (const [stage, ms] of Object.entries(times)) {
        const speed = ((1000 * seconds) / ms).toFixed(1);
        row(basename(video), `${stage} (${frames} frames)`, ms.toFixed(0), speed, machine, browser, load);
      }
    }
    const load = (loadavg()[0] as number).toFixed(1);
    for (const [way, ms] of Object.entries(await ask("ways", name, pictures)))
      row(basename(video), `a picture: ${way}`.replace(",", " then"), ms.toFixed(2), "", machine, browser, load);
  }
} finally {
  await close();
}
