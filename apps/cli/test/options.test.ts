/** Options as data: what values come of a command line, of which types, and what is refused. */
import { expect, expectTypeOf, test } from "vitest";
import {
  argument,
  choice,
  count,
  either,
  flag,
  helpOf,
  list,
  optionText,
  parsed,
  parseOptions,
  positive,
  rest,
  text,
  usually,
  type ValuesOf,
} from "../src/options.ts";

const options = {
  model: argument("a model"),
  more: rest("more of them"),
  labels: text("a file"),
  device: usually("cpu", text("a device")),
  top: usually(5, count("how many", 1, 100)),
  learningRate: usually(null, positive("how fast")),
  split: choice("which part", ["test", "all"]),
  peer: list("with whom", ["a", "b"]),
  size: parsed("how large", (given) => given.length, "WxH"),
  states: flag("list states"),
  flip: either("mirror", "do not mirror"),
};
const usage = { name: "try", takes: "it takes a model", example: "try a0" };
const parse = (...args: string[]) => parseOptions(args, options, { json: flag("JSON") }, usage);

test("values have the types of their options, and their defaults where nothing is given", () => {
  const [values, common] = parse("a0", "a1", "a2");
  expect({ ...values, ...common }).toEqual({
    model: "a0",
    more: ["a1", "a2"],
    labels: undefined,
    device: "cpu",
    top: 5,
    learningRate: null,
    split: undefined,
    peer: [],
    size: undefined,
    states: false,
    flip: undefined,
    json: false,
  });
  expectTypeOf<ValuesOf<typeof options>>().toEqualTypeOf<{
    readonly model: string;
    readonly more: readonly string[];
    readonly labels: string | undefined;
    readonly device: string;
    readonly top: number;
    readonly learningRate: number | null;
    readonly split: "test" | "all" | undefined;
    readonly peer: readonly ("a" | "b")[];
    readonly size: number | undefined;
    readonly states: boolean;
    readonly flip: boolean | undefined;
  }>();
});

test("values stand after a space or a sign, flags may be negated, and -- ends the options", () => {
  const args = ["--top=7", "--learning-rate", "1e-3", "--split", "all", "--peer", "b, a", "--size", "abc", "--no-flip"];
  const [values, { json }] = parse("--labels", "-", "-", ...args, "--json", "--states=false", "--", "--top");
  expect(values).toMatchObject({ model: "-", more: ["--top"], labels: "-", top: 7, learningRate: 0.001, split: "all" });
  expect(values).toMatchObject({ peer: ["b", "a"], size: 3, flip: false, states: false });
  expect(json).toBe(true);
});

test.each([
  [[], "try: it takes a model. Run for example: movinet try a0."],
  [["a", "--tops", "1"], /^--tops: there is no such option\. Use one of: --labels, --device, .*, --flip, --json\.$/],
  [["a", "-t"], /^-t: there is no such option\./],
  [["a", "--no-top", "1"], /^--no-top: there is no such option\./],
  [["a", "--flip", "--no-flip"], "--flip: it is given twice. Give it once."],
  [["a", "--top"], "--top: its value is missing. Give it as --top VALUE."],
  [["a", "--top", "--json"], "--top: its value is missing. Give it as --top VALUE."],
  [["a", "--top", "-1"], '--top: "-1" is no whole number of at least 1. Give --top a number.'],
  [["a", "--top", "101"], "--top: 101 is more than 100, the limit. Give a smaller number."],
  [["a", "--learning-rate="], '--learning-rate: "" is no positive number. Give --learning-rate a number above 0.'],
  [["a", "--peer", "a,c"], '--peer: there is no "c". Use a, b.'],
])("%j is refused in one line", (args, message) => {
  expect(() => parse(...args)).toThrow(message);
});

test("help tells defaults that are values, and places for them", () => {
  const { device, "learning-rate": rate, size, flip, model } = helpOf(options);
  expect([device?.default, rate?.default, size?.valueHint]).toEqual(["cpu", undefined, "WxH"]);
  expect([flip?.type, model?.type]).toEqual(["boolean", "positional"]);
  expect([optionText("learningRate"), optionText("flip", false), optionText("augment", "none")]).toEqual([
    "--learning-rate",
    "--no-flip",
    "--augment none",
  ]);
});
