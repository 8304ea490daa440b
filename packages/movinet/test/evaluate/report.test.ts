/** The report is one file that needs nothing else, says what was found, and escapes what people named. */
import { describe, expect, test } from "vitest";
import { evaluateAnswers } from "../../src/evaluate/metrics.ts";
import { WorstClips } from "../../src/evaluate/pictures.ts";
import { renderReport } from "../../src/evaluate/report.node.ts";
import { earlinessChart, reliabilityChart, trainingCharts } from "../../src/evaluate/report-charts.ts";
import { escapeText, html } from "../../src/evaluate/report-page.ts";
import { answer } from "./answers.ts";
import { nasty, sampleReport } from "./report-sample.ts";

const labels = ["cobra", "lotus", nasty, "tree"];

describe("a training's report", () => {
  test("is one page without scripts or anything from elsewhere", async () => {
    const page = await renderReport(sampleReport(labels));
    expect(page.startsWith("<!doctype html>")).toBe(true);
    expect(page).not.toMatch(/<script|<link|<iframe|@import|\bon\w+=/i);
    const urls = [...page.matchAll(/(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)/gi)].map(([, url]) => url);
    expect(urls.length).toBeGreaterThan(0);
    expect(urls.every((url) => url?.startsWith("data:image/png;base64,"))).toBe(true);
    expect(page).toContain("default-src 'none'; img-src data:; style-src 'unsafe-inline'");
    expect(page.length).toBeLessThan(200_000);
  });

  test("begins with the result, then the warnings", async () => {
    const report = sampleReport(labels);
    const page = await renderReport(report);
    const { hits } = report.evaluation.top1;
    expect(page).toContain(`${hits} of 49 clips correct (`);
    expect(page.indexOf("clips correct")).toBeLessThan(page.indexOf("The classes are not balanced."));
    expect(page).toContain("1 clip could not be evaluated and is not counted");
    expect(page).toMatch(/Stream = clip<\/dt><dd>yes/);
    expect(page.match(/<figure>/g)).toHaveLength(5);
    expect(page).toContain("movinet train yoga --from a0-stream");
  });

  test("an evaluation's has no curves; a cross-validation's has folds", async () => {
    const folds = [{ name: "P1", clips: 7, right: 6 }];
    const page = await renderReport(sampleReport(labels, { more: { history: null, bestEpoch: null, folds } }));
    expect(page.match(/<figure>/g)).toHaveLength(2);
    expect(page).toMatch(/P1<\/bdi><\/th><td class="num">7<\/td><td class="num">6<\/td><td class="num">85.7\u00a0%/);
  });

  test("escapes whatever people named", async () => {
    const more = {
      title: nasty,
      model: nasty,
      dataset: nasty,
      judged: nasty,
      command: nasty,
      warnings: [nasty],
      failures: [{ name: nasty, problem: nasty }],
      folds: [{ name: nasty, clips: 1, right: 1 }],
      config: { [nasty]: nasty },
      environment: { [nasty]: nasty },
      history: [1, 2].map((epoch) => ({ ...flat, epoch })),
    };
    const page = await renderReport(sampleReport([nasty, `${nasty} b`], { more }));
    expect(page).not.toMatch(/<\/?script/);
    expect(page.split("alert(1)").length).toBeGreaterThan(20);
  });
});

const flat = { loss: 1, validationLoss: null, validationTop1: null, learningRate: 1e-3 };

test("a report without an accuracy says why, and shows no measures", async () => {
  const silence = "No accuracy reported: only 3 clips can be used for evaluation, and at least 5 are needed.";
  const page = await renderReport({ ...sampleReport(labels), evaluation: null, silence, worst: [] });
  expect(page).toContain(silence);
  expect(page).not.toMatch(/<p class="big">|Recall|Confusion/);
  expect(page).toContain("Training");
});

test("of clips that the model has learned from, no measure is shown", async () => {
  const { evaluation } = sampleReport(labels);
  const page = await renderReport(sampleReport(labels, { more: { evaluation: { ...evaluation, learned: true } } }));
  expect(page).toMatch(/It recalls \d+ of 49 clips it was trained on/);
  expect(page).not.toMatch(/95 % interval|Calibration error|<h2>Classes|class="big"|right as often/);
});

describe("tables", () => {
  test("say over which classes the means are taken, and which intervals not to trust", async () => {
    const clips = Array.from({ length: 40 }, (_, i) =>
      answer(`${i}`, i % 2, [1 - (i % 2), i % 2, 0], { group: `${i % 3}` }),
    );
    const evaluation = evaluateAnswers(clips, { labels: ["x", "y", "z"] });
    const page = (await renderReport(sampleReport(["x"], { more: { evaluation } }))).replaceAll("\u00a0", " ");
    expect(page).toContain("mean of the 2 with clips, equally weighted");
    expect(page).toMatch(/<tfoot><tr><th scope="row">mean of the 2 with clips<\/th>/);
    expect(page).toContain('<td class="num wide-only">29–100 % *</td>');
    expect(page).toContain("* Unreliable: the clips come from fewer than 5 groups.");
    expect(page).toContain("a perfectly calibrated model would show 0.0 % on this many clips, rarely above 0.0 %");
  });

  test("the matrix shades each count by its share of the row", async () => {
    const clips = [answer("a", 0, [1, 0]), answer("b", 0, [0, 1]), answer("c", 0, [1, 0]), answer("d", 1, [0, 1])];
    const evaluation = evaluateAnswers(clips, { labels: ["x", "y"] });
    const page = await renderReport(sampleReport(["x", "y"], { more: { evaluation } }));
    expect(page).toContain('<td class="hit" style="--a:0.667" title="2 of 3 x: answered x">2</td>');
    expect(page).toContain('<td class="miss" style="--a:0.333" title="1 of 3 x: answered y">1</td>');
    expect(page).toContain("1 of 3 <b><bdi>x</bdi></b> mistaken for <b><bdi>y</bdi></b>");
  });

  test("of many classes, those with the most mistakes", async () => {
    const many = Array.from({ length: 60 }, (_, i) => `class ${i}`);
    const page = await renderReport(sampleReport(many, { clips: 120 }));
    expect(page).toContain("The 40 classes with the most mistakes, of 60.");
    expect(page.match(/<th scope="col"/g)).toHaveLength(40);
    expect(page.match(/<tr><th scope="row"><bdi>/g)).toHaveLength(60);
  });

  test("classes that do not exclude each other: average precision, no matrix", async () => {
    const page = await renderReport(sampleReport(labels, { output: "sigmoid" }));
    expect(page).not.toContain("Confusion");
    expect(page).toContain("Mean average precision");
    expect(page).toContain("average precision</th>");
  });
});

describe("charts", () => {
  test("leave out what nobody measured", () => {
    const titles = (loss: number) => trainingCharts([{ ...flat, epoch: 1, loss }], null).map(({ title }) => title);
    expect(titles(1)).toEqual(["Loss", "Learning rate"]);
    expect(titles(Number.NaN)).toEqual(["Learning rate"]);
  });

  test("say in words what they show", () => {
    const { evaluation, history } = sampleReport(labels);
    const said = [...trainingCharts(history ?? [], 9), reliabilityChart(evaluation.calibration)];
    expect(said[0]?.drawing.description).toBe(
      "Loss by epoch. training: from 2.00 to 0.172; validation: from 2.30 to 0.472",
    );
    expect(said.at(-1)?.drawing.description).toMatch(
      /^Reliability diagram, expected calibration error \d+\.\d %, of a perfectly calibrated model \d+\.\d %\. /,
    );
    expect(evaluation.early && earlinessChart(evaluation.early)?.drawing.description).toMatch(
      /at the end \d+ % of clips right, \d+ % sure$/,
    );
  });

  test("how early it is right stands beside confidence", () => {
    const point = { frames: 1, seconds: 0, top1: 0.15, confidence: 0.51, running: 3 };
    const curve = [point, { ...point, frames: 2, seconds: 0.2, top1: 0.5, confidence: 0.6 }];
    const chart = earlinessChart({ curve, soundFrom: 2, byShare: [], settled: null });
    const texts = [...(chart?.drawing.body ?? "").matchAll(/>([^<]+)<\/text>/g)].map(([, text]) => text);
    expect(texts).toEqual(expect.arrayContaining(["right", "confidence", "clips still", "running"]));
    expect(chart?.drawing.description).toBe(
      "After the first frame 15 % of clips right, 51 % sure; at the end 50 % of clips right, 60 % sure",
    );
  });

  test("a clip of one frame has no curve over time", () => {
    const early = {
      curve: [{ frames: 1, seconds: 0, top1: 1, confidence: 1, running: 1 }],
      soundFrom: 1,
      byShare: [],
      settled: null,
    };
    expect(earlinessChart(early)).toBeNull();
  });
});

test("the worst clips: wrong ones by how little the truth got, then the least sure right ones", () => {
  const worst = new WorstClips(["x", "y"], "softmax", 8);
  const scores = [0.9, 0.2, 0.6, 0.45, 0.55, 0.99, 0.8, 0.7, 0.65, 0.1];
  for (const [i, score] of scores.entries()) worst.add(answer(String(i), 0, [score, 1 - score]));
  expect(worst.clips.map(({ name, right }) => [name, right])).toEqual([
    ["9", false],
    ["1", false],
    ["3", false],
    ["4", true],
    ["2", true],
    ["8", true],
  ]);
  expect(worst.clips[0]).toMatchObject({ truth: ["x"], score: expect.closeTo(0.1, 6) });
});

test("escaping", () => {
  expect(escapeText(`<a b="c" d='e'>&`)).toBe("&#60;a b=&#34;c&#34; d=&#39;e&#39;&#62;&#38;");
  expect(escapeText("a\u202eb\u0007c 5 %")).toBe("ab c 5\u00a0%");
  expect(html`<b>${["<i>", html`<i>`, null, 3]}</b>`.markup).toBe("<b>&#60;i&#62;<i>3</b>");
});
