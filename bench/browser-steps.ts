/**
 * Steps of A0–A3 in a page of Chromium, one thread, float32, in alternating rounds of 20 steps: our WebAssembly, LiteRT.js on
 * Google's own graphs through its `run` and through our session, onnxruntime-web on the plain file; and our WebAssembly on two
 * threads, in a page of another Chromium that is cross-origin isolated.
 *
 * MOVINET_PYTHON=python3 node bench/browser-steps.ts FOLDER [ROUNDS [VARIANTS]]
 *
 * FOLDER contains `a0_se_fp32.tflite`, …; `CHROMIUM` is the path of the browser. Every logit is compared with those of
 * native LiteRT. For A0 also the time from a file's bytes in memory to the end of the first step, each in a freshly
 * loaded page: ours with Google's file and with the same model as safetensors; LiteRT.js including the start of its
 * runtime, loaded from this machine, and with the runtime already started. All rounds replace this machine's rows for
 * the browser in `results/steps.csv`; a summary goes to standard output.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readModel, writeModel } from "movinet/formats";
import { buildGraph, graphInterface } from "movinet/graph";
import type { Page } from "playwright-core";
import type { Model } from "../packages/movinet/src/model/model.ts";
import { hasChromium, litertFolder, openPage, ortFolder } from "../packages/movinet/test/browser/chromium.ts";
import { hashedFrames } from "../packages/movinet/test/golden/material.ts";
import { type Contestant, checked, contest, frames, type StepTimes, tell } from "./contest.ts";
import { pathOf, runPeer, temporaryFolder } from "./material.ts";
import { emitPlain } from "./plain-onnx.ts";
import { replaceRounds, type StepRound } from "./step-rounds.ts";

const [folder, roundsText = "30", variants = "a0,a1,a2,a3"] = process.argv.slice(2);
if (!folder || !hasChromium) {
  throw new TypeError("usage: node bench/browser-steps.ts FOLDER [ROUNDS [VARIANTS]], with Chromium installed");
}
const rounds = Number(roundsText);
const names = ["wasm", "wasm without classifier", "litertjs run", "litertjs session", "onnxruntime-web"];
/** Of a page of its own, which is cross-origin isolated: in it LiteRT.js and onnxruntime-web would take threads too. */
const threaded = "wasm on two threads";
/** Contestants of the first step; `started`: the runtime of LiteRT.js has. */
const firsts = [
  { name: "wasm", started: false },
  { name: "wasm of our file", started: false },
  { name: "litertjs run", started: false },
  { name: "litertjs session", started: false },
  { name: "litertjs run", started: true },
];

const served: Record<string, Uint8Array> = {};
const options = {
  entry: new URL("./browser-page.web.ts", import.meta.url),
  global: "bench",
  served,
  folders: { litert: litertFolder, ort: ortFolder },
};
const { page, close } = await openPage(options);
const isolated = await openPage({ ...options, isolated: true, workers: "blob:" });
const runtime = `Chromium ${page.context().browser()?.version()}`;

const call = <T>(method: string, name = "") => {
  const owner = name === threaded ? isolated.page : page;
  return owner.evaluate(`bench.${method}(${JSON.stringify(name)})`) as Promise<T>;
};

async function reload(one: Page): Promise<void> {
  await one.reload();
  await one.waitForFunction(() => "bench" in globalThis);
  await one.evaluate("bench.prepare()");
}

/** Files for the page. */
function serve(file: string): void {
  const logits = join(temporaryFolder(), "logits.f32");
  runPeer("litert-logits.py", file, "1", String(frames), logits);
  const bytes = readFileSync(file);
  const model = readModel(bytes, file) as Model;
  const { height, width } = model.spec.resolution;
  const graph = buildGraph(model.spec, { form: "step", frames: 1 });
  const { clocks, picture, outputs } = graphInterface(graph);
  const { bytes: plain, ...facts } = emitPlain(graph, model.weights);
  const known = { ...facts, clocks, picture: picture.input, logits: outputs["logits"] };
  Object.assign(served, {
    "/model": bytes,
    "/own": writeModel(model),
    "/logits": readFileSync(logits),
    "/pictures": new Uint8Array(hashedFrames(frames, height, width).buffer),
    "/plain.onnx": plain,
    "/plain.json": Buffer.from(JSON.stringify(known)),
  });
}

const contestantOf = (title: string, round: () => Promise<StepTimes>): Contestant => ({
  name: title,
  streams: 1,
  round: async () => checked(title, await round()),
});

const measured: StepRound[] = [];
try {
  for (const variant of variants.split(",")) {
    const file = join(folder, `${variant}_se_fp32.tflite`);
    if (!existsSync(file)) continue;
    serve(file);
    await reload(page);
    await reload(isolated.page);
    const contestants = [...names, threaded];
    for (const name of contestants) await call("open", name);
    const stepping = contestants.map((name) => contestantOf(name, () => call("round", name)));
    const own = [...(await contest({ variant, runtime }, stepping, 1, rounds))];
    tell(variant, own, ["wasm", "litertjs run", "litertjs session", "onnxruntime-web"]);
    if (variant === "a0") {
      const starting = firsts.map(({ name, started }) =>
        contestantOf(`${name} from bytes${started ? " (started)" : ""}`, async () => {
          await reload(page);
          if (started) await call("startLitert");
          return call("first", name);
        }),
      );
      const starts = await contest({ variant, runtime }, starting, 1, rounds);
      tell(variant, starts, ["litertjs run from bytes", "litertjs session from bytes"]);
      own.push(...starts);
    }
    measured.push(...own);
  }
} finally {
  await close();
  await isolated.close();
}
if (measured.length === 0) throw new Error(`${folder} has no a0_se_fp32.tflite, a1_se_fp32.tflite, …`);

const results = pathOf("results/steps.csv");
writeFileSync(results, replaceRounds(readFileSync(results, "utf8"), measured));
