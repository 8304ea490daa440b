/** Results as comma-separated values, and the table at the end of a run. */
import { expect, test } from "vitest";
import { parseOptions } from "../src/arguments.ts";
import { csvLines, jsonLines } from "../src/classify/lines.ts";
import { classifyOptions, settingsOf } from "../src/classify/options.ts";
import { csvLine } from "../src/tables/csv.ts";
import { renderSummary } from "../src/tables/summary.ts";

const settings = (...args: string[]) => {
  const [own] = parseOptions(["a.mp4", ...args], classifyOptions, {}, "classify");
  return settingsOf(own, false);
};

test("cells are quoted where they must be, keep to one line, and are no formulas", () => {
  expect(csvLine(["a,b", 'say "hi"', "", null, 0.5, "plain"])).toBe('"a,b","say ""hi""",,,0.5,plain');
  expect(csvLine(["=1+1", "+x", "@y", "-2", "-", "a=b", "two\nlines", "\t=1"])).toBe(
    "'=1+1,'+x,'@y,'-2,-,a=b,two lines, =1",
  );
  expect(csvLine(['=HYPERLINK("x")', -1.5])).toBe(`"'=HYPERLINK(""x"")",-1.5`);
});

test("one row per answer, with its likeliest classes side by side", () => {
  const lines = csvLines(2);
  const predictions = [
    { label: "carving ice", index: 72, score: 0.97891234 },
    { label: "a, b", index: 3, score: 1e-9 },
  ];
  const facts = { source: "a.mp4", model: "m", arithmetic: "float32", frames: 22, duration: 4.36 };
  const result = { ...facts, predictions, timings: {}, sorted: null };
  expect(lines.head).toBe("source,type,start,end,label,score,label2,score2,notes");
  expect(lines.result({ ...result, warnings: ["it is cut off", "it is dark"] })).toBe(
    'a.mp4,result,0,4.36,carving ice,0.978912,"a, b",0,it is cut off; it is dark',
  );
  expect(lines.segment("a.mp4", { start: 0, end: 2.00049, scores: new Float32Array() }, predictions.slice(0, 1))).toBe(
    "a.mp4,segment,0,2,carving ice,0.978912,,,",
  );
  expect(lines.frame("a.mp4", 1, 0.2, predictions.slice(0, 1))).toBe("a.mp4,frame,0.2,0.2,carving ice,0.978912,,,");
  expect(lines.error({ source: "b.mp4", code: "E_X", message: "b.mp4: no video." })).toBe(
    "b.mp4,error,,,,,,,b.mp4: no video.",
  );
  expect(JSON.parse(jsonLines.result({ ...result, warnings: [], sorted: "s/a.mp4" }))).toEqual({
    type: "result",
    ...result,
    sorted: "s/a.mp4",
  });
});

test("the table at the end cuts paths at their beginning on a terminal, and not elsewhere", () => {
  const rows = [
    { source: `${"long/".repeat(20)}a.mp4`, best: { label: "carving ice", score: 0.979 } },
    { source: "溜冰.mp4", best: { label: "run", score: 0.001 } },
    { source: "bad.mp4", best: null },
  ];
  expect(renderSummary(rows, Infinity).split("\n")[1]).toBe(`${"long/".repeat(20)}a.mp4  carving ice   98 %`);
  expect(`\n${renderSummary(rows, 44)}\n`).toMatchInlineSnapshot(`
    "
    video                     label        score
    …ng/long/long/long/a.mp4  carving ice   98 %
    溜冰.mp4                  run           <1 %
    bad.mp4                   failed
    "
  `);
});

test.each([
  [["--csv", "--out", "a.jsonl"], "--csv cannot be combined with --out, which writes JSON lines."],
  [["--out", "a.csv"], "--out writes JSON lines, not a.csv. Use --csv > a.csv."],
  [["--min-score", "0.3"], "--min-score needs --sort-into."],
  [["--sort-into", "x", "--min-score", "2"], '--min-score must be a number from 0 to 1, got "2".'],
  [["--resume"], "--resume needs --out FILE, the file to continue."],
])("%j is refused", (args, message) => {
  expect(() => settings(...args)).toThrow(message);
});
