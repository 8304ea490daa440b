/** Engines in a real browser prove themselves before use, say what they measured, and are done without when they are wrong or lost. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, resultOf } from "../../src/common/errors.ts";
import { probeModel } from "../../src/engines/probe.ts";
import type { OpenOptions } from "../../src/flow/open.web.ts";
import type { EngineReport } from "../../src/flow/start.ts";
import { writeModel } from "../../src/formats/model-file.ts";
import { largestDifference } from "../golden/figures.ts";
import { told } from "../told.ts";
import { hasChromium, litertFolder, type OpenPage, openPage, ortFolder, softwareGpu, where } from "./chromium.ts";

interface Stepped extends EngineReport {
  readonly warnings: readonly string[];
  readonly scores: readonly (readonly number[])[];
}
type Options = Pick<OpenOptions, "device" | "threads" | "wasmPaths">;

describe.skipIf(!hasChromium)(`engines ${where}`, () => {
  let opened: OpenPage;
  let right: Stepped;
  beforeAll(async () => {
    opened = await openPage({
      entry: new URL("./engines-page.web.ts", import.meta.url),
      global: "app",
      served: { "/model.safetensors": writeModel(probeModel()) },
      folders: { ort: ortFolder, litert: litertFolder },
      flags: softwareGpu,
      isolated: true,
      workers: "'self' blob:",
    });
    right = await ask("steps", {});
  });
  afterAll(async () => {
    expect(opened?.errors ?? []).toEqual([]);
    await opened?.close();
  });

  async function ask<T = Stepped>(...args: readonly [name: string, ...rest: unknown[]]): Promise<T> {
    const [name, ...rest] = args.map((arg) => JSON.stringify(arg));
    return resultOf((await opened.page.evaluate(`app[${name}](${rest})`)) as Answer<T>);
  }
  const apart = (a: Stepped["scores"], b: Stepped["scores"]) =>
    Math.max(...a.map((scores, t) => largestDifference(b[t] as readonly number[], scores)));

  test.each<[name: string, ...call: string[], options: Options]>([
    ["wasm relaxed", "steps", {}],
    ["wasm relaxed", "steps", { device: "auto", wasmPaths: "/ort/" }],
    ["wasm threads", "steps", { threads: 2 }],
    ["wasm threads", "inWorker", "steps", { device: "wasm", threads: 2 }],
    ["onnxruntime-web wasm", "steps", { device: "onnxruntime", wasmPaths: "/ort/" }],
    ["LiteRT.js wasm", "steps", { device: "litert", wasmPaths: "/litert/" }],
    ["LiteRT.js wasm", "inWorker", "steps", { device: "litert", wasmPaths: "/litert/" }],
  ])("%s passes (%s %j)", async (name, ...call) => {
    const { scores, warnings, ...report } = await ask(...(call as [string]));
    const [trial] = report.trials;
    expect([report.name, trial?.engine, trial?.problem]).toEqual([name, name, null]);
    expect(trial?.difference).toBeLessThan(1e-4);
    // Others are compared with our WebAssembly, and so have their times taken.
    const own = name.startsWith("wasm");
    expect(report.trials.map(({ engine, ms }) => [engine, ms !== null])).toEqual(
      own
        ? [[name, false]]
        : [
            [name, true],
            [right.name, true],
          ],
    );
    expect(warnings).toEqual([]);
    expect(apart(scores, right.scores)).toBeLessThan(1e-5);
  });

  test("kernels that compute nothing are passed over, with the reason", async () => {
    const problem = "it computes wrong answers: a small test network's are off by 4.0 (limit 0.001)";
    const wrong = await ask("onWrongKernels", {});
    expect(wrong.trials).toEqual([
      { engine: "wasm relaxed", ms: null, difference: expect.closeTo(3.97, 1), problem },
      { engine: "wasm simd", ms: null, difference: expect.any(Number), problem: null },
    ]);
    expect(wrong.warnings).toEqual([`running on wasm simd, because wasm relaxed failed its check: ${problem}`]);
    expect(apart(wrong.scores, right.scores)).toBeLessThan(1e-5);
    await expect(ask("onWrongKernels", { device: "wasm", threads: 2 })).rejects.toThrow(
      told("E_DEVICE_WRONG", `wasm: ${problem}`),
    );
  });

  test("WebGPU is right, its loss ends a step with an error, and the model can be opened again", async () => {
    const gpu = { device: "webgpu", wasmPaths: "/ort/" };
    const lost = await ask<Stepped & { answers: Answer<unknown>[] }>("lose", gpu);
    expect(lost.name).toBe("onnxruntime-web webgpu");
    expect(lost.trials[0]?.difference).toBeLessThan(1e-4);
    expect(apart(lost.scores, right.scores)).toBeLessThan(1e-5);
    for (const answer of lost.answers) {
      expect(() => resultOf(answer)).toThrow(told("E_DEVICE_LOST", "the browser took the GPU away (it was destroyed)"));
    }
    // And where there seems to be a GPU, both are measured: the processor in its place is slower.
    const chosen = await ask("onSeemingGpu", { wasmPaths: "/ort/" });
    const [own, other] = chosen.trials;
    expect([chosen.name, own?.engine, other?.engine]).toEqual(["wasm relaxed", "wasm relaxed", lost.name]);
    expect(other?.problem).toBe(null);
    expect(other?.ms).toBeGreaterThan(own?.ms as number);
    expect(apart(chosen.scores, right.scores)).toBeLessThan(1e-5);
  });
});
