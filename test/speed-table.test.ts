/** The README's tables of steps: medians of ratios in the same round, engines beside each other. */
import { expect, test } from "vitest";
import { readRounds, replaceRounds, Summary, writeRounds } from "../bench/step-rounds.ts";
import { browserTable } from "../scripts/browser-table.ts";
import { speedTables } from "../scripts/speed-table.ts";

const head = "machine,processor,runtime,loadAverage,variant,contestant,round,p50Ms,p95Ms,largestDifference\n";
const cpu = '"Some CPU, 2 cores",x64 family 1 model 2';
const node = `${cpu},Node 24.21.0,0.5,a0`;
const chromium = `${cpu},Chromium 156.0.8078.79,0.5`;
const steps = `${head}${node},step,1,2,3,5e-7
${node},litert,1,4,5,
${node},litert,2,5,6,
${node},step,2,3,4,6e-7
${node},step,3,20,30,7e-7
${node},litert,3,40,41,
`;
const browser = `${chromium},a0,litertjs run,1,10,11,1e-7
${chromium},a0,wasm,1,4,5,1e-7
${chromium},a1,litertjs run,1,20,21,1e-7
${chromium},a1,wasm,1,26,27,1e-7
${chromium},a0,wasm from bytes,1,123.4,123.4,1e-7
`;

test("rounds are read as they were written", () => {
  expect(writeRounds(readRounds(steps + browser))).toBe(steps + browser);
});

test("new rounds replace those of their machine in the same kind of runtime, of whatever version", () => {
  const elsewhere = '"Another, 2 cores",x64,Chromium 156.0.8078.79,0.5,a0,wasm,1,9,9,1e-7\n';
  const newer = `${cpu},Chromium 157.0.1,0.5,a0,wasm,1,3,4,1e-7\n`;
  const replaced = replaceRounds(steps + browser + elsewhere, readRounds(head + newer));
  expect(replaced).toBe(steps + elsewhere + newer);
});

test("a ratio is the median of the rounds' ratios, whatever the order of the rows", () => {
  const summary = new Summary(readRounds(steps));
  expect(summary.p50Ms("step")).toBe(3);
  expect(summary.ratio("step", "litert")).toBe(0.5); // not the ratio of the medians, 3 / 5
  expect(summary.ratio("step", "pytorch")).toBeNull();
});

test("one table of a machine, Node above its browser, each against the first line of its part", () => {
  expect(speedTables(steps + browser)).toBe(`| ms per frame | A0 | A1 |
| --- | ---: | ---: |
| **Node 24** |  |  |
| LiteRT, native | 5.0 |  |
| **movinet**, native | 3.0 _0.50×_ |  |
| **Chromium 156** |  |  |
| LiteRT.js | 10.0 | 20.0 |
| **movinet**, wasm | 4.0 _0.40×_ | 26.0 _1.30×_ |

_Some CPU, 2 cores (x64 family 1 model 2), load 0.5; one thread unless stated, float32; medians of 1 alternating rounds ([all rounds](bench/results/steps.csv)); in italics: relative to the first row of the section; above 1× is slower._

Time from a file in memory to the end of the first A0 step, in a freshly loaded page: movinet of Google's file 123 ms.`);
});

test("a table for each machine", () => {
  const other = '"Another, 2 cores",x64,Node 24.21.0,0.5,a3,litert,1,9,9,\n';
  expect(speedTables(steps + other).split("| --- |").length).toBe(3);
});

test("rows that were sent are shown, and that there is no phone until there is one", () => {
  expect(browserTable("")).toMatch(/^\*\*No phones have been measured yet/);
  const row = (device: string, browser: string) =>
    `${JSON.stringify({ device, browser, results: [{ model: "a0", engine: "movinet", p50Ms: 4.1 }] })}\n`;
  const desktop = row("", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0");
  const phone = row("Pixel 8", "Mozilla/5.0 (Linux; Android 10; K) Chrome/140.0.0.0 Mobile Safari/537.36");
  expect(browserTable(desktop)).toContain("| ?, Firefox 140 | 4.1 · – · – | – · – · – | – · – · – |\n\n**No phone");
  expect(browserTable(desktop + phone)).toMatch(/\| Pixel 8, Chrome 140 \| 4.1 · – · – .*\n$/);
});
