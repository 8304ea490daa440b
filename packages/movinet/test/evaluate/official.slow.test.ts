/** The official model on labelled Kinetics clips: 21 of 27, as the reference implementation has it, and both modes agree. */
import { describe, expect, test } from "vitest";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { samplesForModel } from "../../src/evaluate/labels.ts";
import { evaluateAnswers } from "../../src/evaluate/metrics.ts";
import { evaluateModel } from "../../src/evaluate/run.node.ts";
import { openModel } from "../../src/zoo/lookup.node.ts";
import { hasShared, officialModel, readManifest, sharedFolder, sharedReason } from "../shared.ts";

describe.skipIf(!hasShared)(`the official a0-stream${sharedReason}`, () => {
  test("names 21 of 27 clips, 26 among the five likeliest", async () => {
    const model = await openModel(officialModel);
    const clips = readManifest().filter(({ file }) => file.startsWith("k600/"));
    const labels = [...new Set(clips.map(({ k600_label }) => k600_label))];
    const whole = { split: null, group: null, start: null, end: null };
    const samples = clips.map(({ file, k600_label }) => {
      return { file: `${sharedFolder}/videos/${file}`, name: file, classes: [labels.indexOf(k600_label)], ...whole };
    });
    const mapped = samplesForModel({ path: "k600", labels }, samples, model);
    const { answers, failures, agreement } = await evaluateModel(model, mapped, {
      engine: await nodeEngine(),
      compared: mapped.length,
    });
    const { top1, top5, early } = evaluateAnswers(answers, { labels: model.card.labels ?? [], fps: model.card.fps });
    expect([answers.length, failures.length]).toEqual([27, 0]);
    expect([top1.hits, top5.hits]).toEqual([21, 26]);
    expect(top1.interval).toMatchObject({ low: expect.closeTo(0.592, 3), high: expect.closeTo(0.894, 3) });
    expect(agreement).toMatchObject({ clips: 27, agree: true });
    expect(agreement?.difference).toBeLessThanOrEqual(1e-4);
    expect(early?.settled?.clips).toBe(21);
    expect(early?.settled?.share).toBeLessThan(0.4);
  });
});
