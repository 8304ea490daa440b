/** Options as data: what values come of a command line, of which types, and what is refused. */
import { expect, expectTypeOf, test } from "vitest";
import { parseOptions } from "../src/arguments.ts";
import { commandHelp } from "../src/help.ts";
import { nearest } from "../src/nearest.ts";
import {
  argument,
  choice,
  count,
  either,
  flag,
  list,
  optionText,
  orNull,
  parsed,
  positive,
  rest,
  short,
  text,
  usually,
  type ValuesOf,
} from "../src/options.ts";

const options = {
  model: argument("a model"),
  more: rest("more of them"),
  labels: text("a file"),
  device: short("d", usually("cpu", text("a device"))),
  top: short("t", usually(5, count("how many", 1, 100))),
  learningRate: orNull(positive("how fast")),
  split: choice("which part", ["test", "all"]),
  peer: list("with whom", ["a", "b"]),
  size: parsed("how large", (given) => given.length, "WxH"),
  states: short("s", flag("list states")),
  flip: either("mirror"),
};
const parse = (...args: string[]) => parseOptions(args, options, { json: flag("JSON") }, "try");

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
  const [values, { json }] = parse("--labels", "-", "-", ...args, "--json", "--", "--top");
  expect(values).toMatchObject({ model: "-", more: ["--top"], labels: "-", top: 7, learningRate: 0.001, split: "all" });
  expect(values).toMatchObject({ peer: ["b", "a"], size: 3, flip: false, states: false });
  expect(json).toBe(true);
});

test.each([
  [[], "try: missing MODEL. Usage: movinet try [options] MODEL [MORE…]."],
  [["a", "--tops", "1"], 'try: unknown option "--tops". Did you mean --top?'],
  [["a", "--bogus"], 'try: unknown option "--bogus". Run movinet try --help to list the options.'],
  [["a", "--no-flop"], 'try: unknown option "--no-flop". Did you mean --no-flip?'],
  [["a", "-x"], 'try: unknown option "-x". Run movinet try --help to list the options.'],
  [["a", "-sx"], 'try: unknown option "-sx".'],
  [["a", "--no-top", "1"], 'try: unknown option "--no-top".'],
  [["a", "--flip", "--no-flip"], "--flip is given twice."],
  [["a", "-s", "--states"], "--states is given twice."],
  [["a", "--states=false"], "--states takes no value."],
  [["a", "--top"], "--top needs a value."],
  [["a", "--top", "--json"], "--top needs a value."],
  [["a", "-t", "-s"], "-t needs a value."],
  [["a", "-t"], "-t needs a value."],
  [["a", "--top", "-1"], '--top must be an integer from 1 to 100, got "-1".'],
  [["a", "--top", "101"], '--top must be an integer from 1 to 100, got "101".'],
  [["a", "--learning-rate="], '--learning-rate must be a number > 0, got "".'],
  [["a", "--peer", "a,c"], '--peer must be one of a, b; got "c".'],
  [["a", "--split", "tset"], '--split must be one of test, all; got "tset". Did you mean test?'],
])("%j is refused in one line", (args, message) => {
  expect(() => parse(...args)).toThrow(message);
});

test("short forms: alone, with a value after a space, a sign or nothing, and several in one", () => {
  const values = (...args: string[]) => {
    const [{ device, top, states }] = parse("a", ...args);
    return { device, top, states };
  };
  const wanted = { device: "gpu", top: 7, states: true };
  expect(values("-d", "gpu", "-t", "7", "-s")).toEqual(wanted);
  expect(values("-d=gpu", "-t7", "-s")).toEqual(wanted);
  expect(values("-st7", "-dgpu")).toEqual(wanted);
  expect(values("-d", "-")).toMatchObject({ device: "-" });
});

test.each([
  ["clasify", "classify"],
  ["CLASSIFY", "classify"],
  ["tarin", "train"],
  ["eval", "evaluate"],
  ["inspcet", "inspect"],
  ["modles", "models"],
  ["x", null],
  ["report", null],
  ["c".repeat(1000), null],
])("%j was meant to be %j", (typed, meant) => {
  expect(nearest(typed, ["classify", "train", "evaluate", "inspect", "models", "cache"])).toBe(meant);
});

test("help wraps at words, and shows places, short forms and each default once", () => {
  const help = (width: number) => {
    const description = "Try a model that has a rather long description";
    return commandHelp({ name: "try", description, options, examples: ["try a0"] }, { width, color: false });
  };
  expect(help(40)).toMatchInlineSnapshot(`
    "Try a model that has a rather long
    description.

    Usage: movinet try [options] MODEL [MORE…]

    Arguments:
      MODEL         a model
      [MORE…]       more of them

    Options:
          --labels LABELS
                    a file
      -d, --device DEVICE
                    a device (default: cpu)
      -t, --top N   how many (default: 5)
          --learning-rate X
                    how fast
          --split test|all
                    which part
          --peer PEER
                    with whom
          --size WxH
                    how large
      -s, --states  list states
          --[no-]flip
                    mirror
      -h, --help    Show this help

    Examples:
      movinet try a0"
  `);
  for (const width of [60, 80]) {
    for (const line of help(width).split("\n")) expect(line.length).toBeLessThanOrEqual(width);
  }
});

test("options in sentences", () => {
  expect([optionText("learningRate"), optionText("flip", false), optionText("augment", "none")]).toEqual([
    "--learning-rate",
    "--no-flip",
    "--augment none",
  ]);
});
