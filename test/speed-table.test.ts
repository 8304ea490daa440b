/** The README's tables of steps: medians of ratios in the same round, a table for each machine. */
import { expect, test } from "vitest";
import { readRounds, Summary, writeRounds } from "../bench/step-rounds.ts";
import { speedTables } from "../scripts/speed-table.ts";

const steps = `machine,processor,loadAverage,variant,contestant,round,p50Ms,p95Ms,largestDifference
"Some CPU, 2 cores",x64 family 1 model 2,0.5,a0,step,1,2,3,5e-7
"Some CPU, 2 cores",x64 family 1 model 2,0.5,a0,litert,1,4,5,
"Some CPU, 2 cores",x64 family 1 model 2,0.5,a0,litert,2,5,6,
"Some CPU, 2 cores",x64 family 1 model 2,0.5,a0,step,2,3,4,6e-7
"Some CPU, 2 cores",x64 family 1 model 2,0.5,a0,step,3,20,30,7e-7
"Some CPU, 2 cores",x64 family 1 model 2,0.5,a0,litert,3,40,41,
`;
const former = `model,machine,peer,p50Ms,ratio
a0_se_fp32.tflite,"Some CPU, 2 cores",,9,
a0_se_fp32.tflite,"Some CPU, 2 cores",litert,8,1.125
a3_se_fp32.tflite,"Another, 2 cores",,20,
a3_se_fp32.tflite,"Another, 2 cores",litert,25,0.8
`;

test("rounds are read as they were written", () => {
  expect(writeRounds(readRounds(steps))).toBe(steps);
});

test("a ratio is the median of the rounds' ratios, whatever the order of the rows", () => {
  const summary = new Summary(readRounds(steps));
  expect(summary.p50Ms("step")).toBe(3);
  expect(summary.ratio("step", "litert")).toBe(0.5); // not the ratio of the medians, 3 / 5
  expect(summary.ratio("step", "pytorch")).toBeNull();
});

test("a table for each machine, the former backend's where there is none newer", () => {
  const text = speedTables(steps, former);
  expect(text).toContain(
    "| A0 stream | 3.0 ms | 333 | 0.50 × |  |  |  |  |\n\n_Some CPU, 2 cores (x64 family 1 model 2);",
  );
  expect(text).toContain("| A3 stream | 20.0 ms | 50 | 0.80 × |\n\n_Another, 2 cores;");
  expect(text).not.toContain("9.0 ms");
  expect(speedTables(steps.split("\n", 1)[0] as string, former)).toContain("9.0 ms");
});
