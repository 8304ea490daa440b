import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ModelError } from "../../src/common/errors.ts";
import { bounded, listed, printable, printableLines } from "../../src/common/printable.ts";
import { renderSubtitles } from "../../src/flow/subtitles.ts";
import { drawPlot } from "../../src/plot/plot-picture.ts";
import { renderFile } from "../../src/plot/svg.ts";

/** Anything that a terminal obeys or that hides in a line, as code points. */
const steers = (text: string) =>
  Array.from(text, (c) => c.codePointAt(0) as number).filter(
    (c) =>
      c < 0x20 ||
      (c >= 0x7f && c < 0xa0) ||
      (c >= 0x202a && c <= 0x202e) ||
      (c >= 0x2066 && c <= 0x2069) ||
      [0x200e, 0x200f, 0x61c, 0x2028, 0x2029, 0x200b, 0xfeff].includes(c) ||
      (c >= 0xd800 && c <= 0xdfff) ||
      (c >= 0xe0000 && c <= 0xe007f),
  );
const hostile = fc.string({ unit: "binary", minLength: 1 });

describe("printable", () => {
  test("clears the screen of nobody", () => {
    expect(printable("a\x1b[2Jb\x9b1mc\x07")).toBe("a�[2Jb�1mc�");
    expect(printable("photo\u202egpj.exe")).toBe("photo�gpj.exe");
    expect(printable("two\nlines\tof\r\ntext")).toBe("two lines of  text");
    expect(printable("caf\udce9.mp4")).toBe("caf�.mp4");
  });

  test("leaves scripts, joined emoji and double spaces as they are", () => {
    for (const text of ["käse  brot", "किताब", "نماز", "👩‍🚀", "かな", "❤️"]) expect(printable(text)).toBe(text);
  });

  test("no text keeps anything that steers, and all of it stays on one line", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(steers(printable(text))).toEqual([]);
        expect(printable(printable(text))).toBe(printable(text));
      }),
      { numRuns: 2000 },
    );
  });

  test("lines keep breaks and our own colours, and nothing else", () => {
    expect(printableLines("\x1b[1mbold\x1b[0m\n\x1b[8mhidden\x1b]0;title\x07")).toBe(
      "\x1b[1mbold\x1b[0m\n�[8mhidden�]0;title�",
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const rest = stripVTControlCharacters(printableLines(text).replaceAll("\n", ""));
        expect(steers(rest)).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});

test("bounded keeps both ends, listed counts the rest", () => {
  expect(bounded("abcdefghij", 9)).toBe("abc … hij");
  expect(bounded("abc", 9)).toBe("abc");
  expect(listed(["a", "b", "c"])).toBe("a, b, c");
  expect(listed(["a", "b", "c", "d", "e", "f", "g"])).toBe("a, b, c, d, e and 2 more");
  expect(listed(["x".repeat(1e6)]).length).toBeLessThan(110);
});

test("an error is one line of bounded length, whatever it names", () => {
  const details = { code: "E_MODEL_FORMAT", subject: "\x1b[2J\n.tflite", problem: "p".repeat(1e6), remedy: "r\u202e" };
  const { message } = new ModelError(details);
  expect(message.length).toBeLessThan(3100);
  expect(steers(message)).toEqual([]);
});

describe("what is shown of a class or a file", () => {
  const label = "a\x1b[31m --> b\u202e<i>&";
  const points = [{ time: 0, scores: Float32Array.of(1) }];

  test("in subtitles: a label makes no cue and no markup", () => {
    const segments = [{ start: 0, end: 1, scores: Float32Array.of(1) }];
    const vtt = renderSubtitles(segments, [label], "vtt");
    expect(vtt.match(/-->/g)).toHaveLength(1);
    expect(vtt).toContain("a�[31m --&gt; b�&lt;i&gt;&amp; (100 %)");
    const srt = renderSubtitles(segments, [label], "srt");
    expect(srt.match(/-->/g)).toHaveLength(1);
    expect(srt).not.toContain("<");
  });

  test("in a plot and in what it says to screen readers", () => {
    const plot = { title: "t\x1b\u202e", subtitle: "s\n\x07", points, labels: [label] };
    const svg = renderFile(drawPlot(plot, { urls: [], width: 0, height: 0 }));
    expect(steers(svg.replaceAll("\n", ""))).toEqual([]);
    expect(svg).toContain("a�[31m --&#62; b�&#60;i&#62;&#38;");
  });
});
