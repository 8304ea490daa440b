/** ONNX files in other makers' tools: they load, and say what the model says. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cargoObstacle, cargoProgram } from "./cargo.ts";
import {
  lastLines,
  npmObstacle,
  npmProject,
  type Outcome,
  pythonObstacle,
  pythonWith,
  run,
  runPython,
} from "./environment.ts";
import { onnxCases, type WrittenOnnx, writeOnnxCases } from "./onnx-cases.ts";

const folder = mkdtempSync(join(tmpdir(), "movinet-clients-"));
let written: readonly WrittenOnnx[] = [];
beforeAll(async () => {
  written = await writeOnnxCases(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Differences = Readonly<Record<string, number>>;

function expectEqual(differences: Differences, count: number): void {
  expect(Object.keys(differences)).toHaveLength(count);
  for (const [name, difference] of Object.entries(differences)) expect.soft(difference, name).toBeLessThan(1e-4);
}

function differenceOf({ logits }: WrittenOnnx, rows: readonly (readonly number[])[]): number {
  expect(rows.map((row) => row.length)).toEqual(logits.map((row) => row.length));
  const differences = logits.flatMap((row, t) => row.map((value, c) => Math.abs(value - (rows[t]?.[c] ?? Number.NaN))));
  return differences.reduce(
    (worst, value) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : Math.max(worst, value)),
    0,
  );
}

const steps = onnxCases.filter(({ form }) => form === "step").length;
const obstacle = pythonObstacle("3.12");

describe.skipIf(obstacle !== "")(`Python's tools for ONNX${obstacle}`, () => {
  test("onnx.checker (strict), ONNX Runtime 1.32, onnxsim and OpenVINO", async () => {
    const packages = ["onnx==1.23.2", "onnxruntime==1.32.0", "onnxsim==0.8.1", "numpy==2.5.5", "packaging==26.4"];
    // OpenVINO without the package that tells its maker of its use.
    const python = await pythonWith("3.12", "onnx", packages, ["openvino==2026.4.1"]);
    const found = await runPython<Readonly<Record<string, Differences>>>(python, "onnx_clients.py", folder);
    expect(Object.keys(found)).toEqual(["checker", "onnxruntime", "onnxsim", "openvino"]);
    for (const differences of Object.values(found)) expectEqual(differences, onnxCases.length);
  });

  test("ncnn, converted by pnnx: the step form", async () => {
    const bare = ["ncnn==1.0.20261020", "pnnx==20261020"];
    const python = await pythonWith("3.12", "ncnn", ["numpy==2.5.5", "onnx==1.23.2"], bare);
    expectEqual(await runPython<Differences>(python, "ncnn_steps.py", folder), steps);
  });
});

const npm = npmObstacle();

test.skipIf(npm !== "")(`onnxruntime-node 1.14.0${npm}`, async () => {
  const project = await npmProject("onnxruntime-1.14", ["onnxruntime-node@1.14.0"]);
  const script = fileURLToPath(new URL("node/onnxruntime.ts", import.meta.url));
  const outcome = await run(process.execPath, [script, folder, project]);
  expect(outcome.code, lastLines(outcome)).toBe(0);
  const found = JSON.parse(outcome.stdout) as Readonly<Record<string, readonly (readonly number[])[]>>;
  for (const one of written) expect.soft(differenceOf(one, found[one.name] ?? []), one.name).toBeLessThan(1e-4);
});

const crate = fileURLToPath(new URL("tract/", import.meta.url));
const cargo = cargoObstacle(crate);

describe.skipIf(cargo !== "")(`tract${cargo}`, () => {
  test("the step and the clip form", async () => {
    const program = await cargoProgram(crate, "movinet-tract-client");
    // It is compiled without optimizations, with which the larger networks would take long.
    const quick = written.filter(({ spec }) => /^[at]0/.test(spec));
    const outcomes = await Promise.all(quick.map(({ file, pictures }) => run(program, [file, pictures, "4"])));
    for (const [i, one] of quick.entries()) {
      const outcome = outcomes[i] as Outcome;
      expect(outcome.code, `${one.name}: ${lastLines(outcome)}`).toBe(0);
      const rows = outcome.stdout.trim().split("\n");
      expect
        .soft(
          differenceOf(
            one,
            rows.map((row) => JSON.parse(row)),
          ),
          one.name,
        )
        .toBeLessThan(1e-4);
    }
  });
});
