/** The report is one file that needs nothing else, says what was found, and escapes what people named. */
import { describe, expect, test } from "vitest";
import { evaluateAnswers } from "../../../src/make/evaluate/metrics.ts";
import { renderReport } from "../../../src/make/evaluate/report.node.ts";
import { earlinessChart, reliabilityChart, trainingCharts } from "../../../src/make/evaluate/report-charts.ts";
import { escapeText, html } from "../../../src/make/evaluate/report-html.ts";
import { headline, verdict } from "../../../src/make/evaluate/verdict.ts";
import { warningsOf } from "../../../src/make/evaluate/warnings.ts";
import { WorstClips } from "../../../src/make/evaluate/worst.ts";
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
    expect(page).toContain(`${hits} of 49 clips right (`);
    expect(page.indexOf("clips right")).toBeLessThan(page.indexOf("The classes are not balanced."));
    expect(page).toContain("1 clip could not be judged and is not counted");
    expect(page).toMatch(/Stream = clip<\/dt><dd>yes/);
    expect(page.match(/<figure>/g)).toHaveLength(5);
    expect(page).toContain("last two blocks");
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
      history: [1, 2].map((epoch) => ({ ...flat, epoch, phase: epoch === 1 ? "" : nasty })),
    };
    const page = await renderReport(sampleReport([nasty, `${nasty} b`], { more }));
    expect(page).not.toMatch(/<\/?script/);
    expect(page.split("alert(1)").length).toBeGreaterThan(20);
  });
});

const flat = { phase: null, trainLoss: 1, validationLoss: null, validationTop1: null, learningRate: null };

describe("tables", () => {
  test("the matrix shades each count by its share of the row", async () => {
    const clips = [answer("a", 0, [1, 0]), answer("b", 0, [0, 1]), answer("c", 0, [1, 0]), answer("d", 1, [0, 1])];
    const evaluation = evaluateAnswers(clips, { labels: ["x", "y"] });
    const page = await renderReport(sampleReport(["x", "y"], { more: { evaluation } }));
    expect(page).toContain('<td class="hit" style="--a:0.667" title="2 of 3 x: answered x">2</td>');
    expect(page).toContain('<td class="miss" style="--a:0.333" title="1 of 3 x: answered y">1</td>');
    expect(page).toContain("1 of 3 <b><bdi>x</bdi></b> taken for <b><bdi>y</bdi></b>");
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
    expect(page).not.toContain("What is taken for what");
    expect(page).toContain("Mean average precision");
    expect(page).toContain("average precision</th>");
  });
});

describe("charts", () => {
  test("leave out what nobody measured", () => {
    expect(trainingCharts([{ ...flat, epoch: 1 }], null).map(({ title }) => title)).toEqual(["Loss"]);
    const bad = { ...flat, epoch: 1, trainLoss: Number.NaN };
    expect(trainingCharts([bad], null)).toEqual([]);
  });

  test("say in words what they show", () => {
    const { evaluation, history } = sampleReport(labels);
    const said = [...trainingCharts(history ?? [], 9), reliabilityChart(evaluation.calibration)];
    expect(said[0]?.description).toBe("Loss by epoch. training: from 2.00 to 0.172; validation: from 2.30 to 0.472");
    expect(said.at(-1)?.description).toMatch(
      /^Reliability diagram, expected calibration error \d+\.\d %, of a perfectly calibrated model \d+\.\d %\. /,
    );
    expect(evaluation.early && earlinessChart(evaluation.early)?.description).toMatch(
      /at the end \d+ % of clips right, \d+ % sure$/,
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

describe("words", () => {
  const of = (right: number, total: number, score = 0.95) =>
    evaluateAnswers(
      Array.from({ length: total }, (_, i) => {
        return answer(
          String(i),
          i % 2,
          (i < right ? i % 2 === 0 : i % 2 === 1) ? [score, 1 - score] : [1 - score, score],
        );
      }),
      { labels: ["x", "y"] },
    );

  test("the headline", () => {
    expect(headline(of(47, 49))).toBe("47 of 49 clips right (95.9 %, 95 % interval 86.3–98.9 %)");
    expect(headline(of(1, 1))).toBe("1 of 1 clip right (100.0 %, 95 % interval 20.7–100.0 %)");
  });

  test("what it means", () => {
    expect(verdict(of(48, 50))).toEqual([
      "It is better than always answering the most frequent class, which would be right for 50.0 %.",
      "Its confidence can be taken at its word: it is 95 % sure on average and right for 96 %.",
    ]);
    expect(verdict(of(12, 20)).join(" ")).toMatch(
      /do not show that it is better.*the interval is wide.*surer than it should be: it is 95 % sure on average and right for 60 %/,
    );
    expect(verdict(of(2, 40))[0]).toMatch(/^It is worse than/);
    expect(verdict(of(50, 50, 0.6)).at(-1)).toMatch(/^It is less sure than it could be/);
  });

  test("where a reader might fool himself", () => {
    expect(warningsOf(of(48, 50), [], { heldOut: true })).toEqual([]);
    expect(warningsOf(of(6, 7), [], { heldOut: false })).toEqual([
      expect.stringContaining("kept aside"),
      "Only 7 clips were judged: anything in 48.7–97.4 % fits what was seen.",
    ]);
    const uneven = Array.from({ length: 30 }, (_, i) =>
      answer(String(i), Number(i < 4), [0.9, 0.1], { group: `${i % 3}` }),
    );
    expect(warningsOf(evaluateAnswers(uneven, { labels: ["x", "y"] }), uneven, { heldOut: true })).toEqual([
      "All clips are of only 3 groups, so the interval cannot be trusted: other people or places may well be harder.",
      "The classes are not balanced: x has 26 clips, y has 4. Look at the recall of each class.",
      "1 of 2 classes has fewer than 5 clips: its own numbers say little.",
    ]);
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
