/**
 * Steps of exported TFLite files compared with Google's graphs in LiteRT.js: `node bench/litertjs.ts FOLDER [VARIANTS
 * [ROUNDS]]`; FOLDER contains `a0_se_fp32.tflite` and so on. WebAssembly in Chromium, one thread; blocks of steps
 * alternate in one page, so that conditions are equal. The exports use the weights of Google's file, whose logits they
 * must reproduce.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { percentile } from "movinet/files";
import { emitTflite, readModel } from "movinet/formats";
import { hasChromium, litertFolder, openPage } from "../packages/movinet/test/browser/chromium.ts";
import { machine, row } from "./material.ts";

const [folder, variants = "a0,a1,a2,a3", rounds = "30"] = process.argv.slice(2);
if (!folder || !hasChromium) {
  console.error("usage: node bench/litertjs.ts FOLDER [VARIANTS [ROUNDS]], with Chromium installed");
  process.exit(2);
}
const stepsInTurn = 10;
const contestants = {
  "google, package's run": "google",
  "google, our session": "google",
  "movinet official, our session": "official",
  "movinet step, our session": "step",
};

const served: Record<string, Uint8Array> = {};
const { page, close } = await openPage({
  entry: new URL("./litertjs-page.web.ts", import.meta.url),
  global: "bench",
  served,
  folders: { litert: litertFolder },
});
try {
  const browser = `Chromium ${page.context().browser()?.version()}`;
  row(
    "variant,contestant,machine,browser,stepsInTurn,rounds,p50Ms,leastMs,timesGoogle,leastTimesGoogle,compileMs,fileBytes",
  );
  for (const variant of variants.split(",")) {
    const google = readFileSync(join(folder, `${variant}_se_fp32.tflite`));
    const model = readModel(google, variant);
    served["/google"] = google;
    for (const form of ["official", "step"] as const) served[`/${form}`] = emitTflite(model, { form });
    const plan = Object.entries(contestants).map(([name, file]) => ({ url: `/${file}`, plain: name.includes("run") }));
    const results = (await page.evaluate(
      `bench(${JSON.stringify({ plan, rounds: Number(rounds), stepsInTurn })})`,
    )) as {
      blocks: number[][];
      compileMs: number[];
    };
    const base = results.blocks[1] as number[];
    for (const [i, [name, file]] of Object.entries(contestants).entries()) {
      const times = results.blocks[i] as number[];
      const ratios = times.map((time, round) => time / (base[round] as number));
      const least = Math.min(...times);
      const own = [percentile(times, 50).toFixed(2), least.toFixed(2)];
      const facts = [...own, percentile(ratios, 50).toFixed(3), (least / Math.min(...base)).toFixed(3)];
      const sizes = [results.compileMs[i]?.toFixed(0), served[`/${file}`]?.length];
      row(variant, `"${name}"`, machine, browser, stepsInTurn, rounds, ...facts, ...sizes);
    }
  }
} finally {
  await close();
}
