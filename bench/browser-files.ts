/**
 * Files in a browser: `node bench/browser-files.ts MODEL VIDEO...`. A module worker of a Chromium page reads, decodes, samples and
 * classifies each video, of a minute; and how long a frame's picture takes by each way.
 */
import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { basename } from "node:path";
import { hasChromium, openPage } from "../packages/movinet/test/browser/chromium.ts";
import { machine, processor, row } from "./material.ts";

const [model, ...videos] = process.argv.slice(2);
if (!model || videos.length === 0 || !hasChromium) {
  console.error("usage: node bench/browser-files.ts MODEL VIDEO..., with Chromium installed");
  process.exit(2);
}
/** Of each video. */
const seconds = 60;
const rounds = 3;
const pictures = 60;

const served: Record<string, Uint8Array> = { [`/${basename(model)}`]: await readFile(model) };
for (const video of videos) served[`/${basename(video)}`] = await readFile(video);
const entry = new URL("./browser-files-page.web.ts", import.meta.url);
const { page, close } = await openPage({ entry, global: "bench", served, workers: "'self' blob:" });
const cdp = await page.context().browser()?.newBrowserCDPSession();
const ask = async <T>(name: string, ...args: readonly unknown[]) =>
  (await page.evaluate(`bench(${JSON.stringify(name)}, ...${JSON.stringify(args)})`)) as T;

/** Seconds of processor time that all processes of the browser have taken. */
async function processorTime(): Promise<number> {
  const info = await cdp?.send("SystemInfo.getProcessInfo");
  return (info?.processInfo ?? []).reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

try {
  const browser = `Chromium ${page.context().browser()?.version()}`;
  const load = () => (loadavg()[0] as number).toFixed(1);
  row("video,what,ms,processorMs,timesRealTime,machine,processor,browser,load");
  for (const video of videos) {
    const name = basename(video);
    const urls = [`/${name}`, `/${basename(model)}`];
    const tell = (what: string, ...numbers: readonly unknown[]) =>
      row(name, what, ...numbers, machine, `"${processor}"`, browser, load());
    await ask("stage", "prepare", ...urls);
    for (let round = 0; round < rounds; round++) {
      for (const stage of ["read", "decode", "sample", "network", "whole"]) {
        const before = await processorTime();
        const ms = await ask<number>("stage", stage, ...urls);
        const taken = 1000 * ((await processorTime()) - before);
        tell(stage, ms.toFixed(0), taken.toFixed(0), ((1000 * seconds) / ms).toFixed(1));
      }
    }
    for (const [way, ms] of Object.entries(await ask<Record<string, number>>("ways", urls[0], pictures)))
      tell(`a picture: ${way}`.replace(",", " then"), ms.toFixed(2), "", "");
  }
} finally {
  await close();
}
