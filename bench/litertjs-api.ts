/**
 * The official int8 A0 in LiteRT.js, in one Chromium page: called as its documentation shows, and through `open` and `step` of this
 * library; both take RGB bytes and return probabilities. `node bench/litertjs-api.ts FILE [ROUNDS]`; FILE is
 * `movinet_a0_stream_k600_int8.tflite`. WebAssembly, one thread; blocks of ten steps alternate, and each contestant begins every other
 * round. Fails if the probabilities differ.
 */
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { percentile } from "movinet/files";
import { hasChromium, litertFolder, openPage } from "../packages/movinet/test/browser/chromium.ts";
import { machine, processor, row } from "./material.ts";

const [file, rounds = "60"] = process.argv.slice(2);
if (!file || !hasChromium) {
  console.error("usage: node bench/litertjs-api.ts FILE [ROUNDS], with Chromium installed");
  process.exit(2);
}
const stepsInTurn = 10;
const { page, close } = await openPage({
  entry: new URL("./litertjs-api-page.web.ts", import.meta.url),
  global: "bench",
  served: { "/model.tflite": readFileSync(file) },
  folders: { litert: litertFolder },
});
try {
  const browser = `Chromium ${page.context().browser()?.version()}`;
  const plan = JSON.stringify({ rounds: Number(rounds), stepsInTurn });
  const { blocks, difference } = (await page.evaluate(`bench(${plan})`)) as { blocks: number[][]; difference: number };
  if (!(difference <= 1e-5)) throw new Error(`probabilities differ by ${difference}`);
  row("contestant,machine,processor,browser,load,stepsInTurn,rounds,p50Ms,leastMs,timesBare,leastTimesBare");
  const bare = blocks[0] as number[];
  for (const [i, name] of ["LiteRT.js as documented", "our API"].entries()) {
    const times = blocks[i] as number[];
    const ratios = times.map((time, round) => time / (bare[round] as number));
    const least = Math.min(...times);
    const own = [percentile(times, 50).toFixed(2), least.toFixed(2), percentile(ratios, 50).toFixed(3)];
    const load = (loadavg()[0] as number).toFixed(1);
    row(
      `"${name}"`,
      machine,
      processor,
      browser,
      load,
      stepsInTurn,
      rounds,
      ...own,
      (least / Math.min(...bare)).toFixed(3),
    );
  }
} finally {
  await close();
}
