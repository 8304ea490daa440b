/** A pickle is a program: nothing of it runs but what makes plain data and tensors, and nothing makes it large. */
import { describe, expect, test } from "vitest";
import { PickleProblem } from "../../../src/formats/pytorch/data.ts";
import { unpickle } from "../../../src/formats/pytorch/pickle.ts";
import { pickleOf, Raw } from "./torch-file.ts";

const run = (...parts: readonly (string | readonly number[])[]) => unpickle(new Raw(...parts).bytes);

describe("plain data", () => {
  test("comes out as it went in", () => {
    const data = { a: [1, -2, 70_000, 0.5, null, true, false, "ä"], b: { c: [] } };
    expect(unpickle(pickleOf(data))).toEqual(
      new Map<string, unknown>([
        ["a", data.a],
        ["b", new Map([["c", []]])],
      ]),
    );
  });

  test("in the instructions that torch.save has beside those", () => {
    expect(run([0x80, 2], "(K\x05M\x00\x01", [0x8a, 2, 0xff, 0xff], [0x8a, 0], "t.")).toEqual([5, 256, -1, 0]);
    expect(run("K\x01K\x02", [0x86], "q\x00h\x00", [0x86], ".")).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(run("]r\x00\x01\x00\x00K\x01aj\x00\x01\x00\x00", [0x86], ".")).toEqual([[1], [1]]);
    expect(run("ccollections\nOrderedDict\n)RX\x01\x00\x00\x00aK\x01s.")).toEqual(new Map([["a", 1]]));
    expect(run("ccollections\nOrderedDict\n)R}(X\x09\x00\x00\x00_metadataNub.")).toEqual(new Map());
    expect(run("ctorch\nSize\n(K\x02K\x03t", [0x85], "R.")).toEqual([2, 3]);
  });

  test("may hold itself", () => {
    const list = run("]q\x00h\x00a.") as unknown[];
    expect(list[0]).toBe(list);
  });
});

describe("all else is refused by its name", () => {
  test.each<[string, readonly (string | readonly number[])[], RegExp]>([
    [
      "a command",
      ["cos\nsystem\nX\x02\x00\x00\x00id", [0x85], "R."],
      /^asks for os\.system, which is neither plain data nor a tensor$/,
    ],
    ["a function of Python", ["c__builtin__\neval\n."], /asks for __builtin__\.eval/],
    ["a name of 4 MB", [`cos\n${"x".repeat(4e6)}\n.`], /asks for os\.x{40,60} … x+, which/],
    ["another function of PyTorch", ["ctorch._utils\n_rebuild_qtensor\n."], /asks for torch\._utils\._rebuild_qtensor/],
    ["names on the stack", ["X\x02\x00\x00\x00osX\x06\x00\x00\x00system", [0x93], "."], /^has the instruction 0x93,/],
    ["an object", ["(ios\nsystem\n."], /has the instruction 0x69/],
    ["an extension", [[0x82, 1], "."], /has the instruction 0x82/],
    ["a later protocol", [[0x80, 4], "N."], /uses a protocol newer than 2/],
    ["a state of a tensor", ["K\x01Nb."], /sets the state of something other than a dictionary/],
    ["a call of what is no function", ["K\x01)R."], /it calls something other than a function/],
    ["a storage that is none", ["K\x01Q."], /refers to something other than a tensor storage/],
    [
      "a storage of another class",
      ["(X\x07\x00\x00\x00storageccollections\nOrderedDict\nX\x01\x00\x00\x000NK\x01tQ."],
      /something other than a tensor storage/,
    ],
    ["a tensor of nothing", ["ctorch._utils\n_rebuild_tensor_v2\n)R."], /has a tensor without a storage/],
    [
      "a parameter of nothing",
      ["ctorch._utils\n_rebuild_parameter\n)R."],
      /builds a parameter from something other than a tensor/,
    ],
    [
      "a dictionary of a list",
      ["ccollections\nOrderedDict\n]", [0x85], "R."],
      /builds a dictionary from something else/,
    ],
    ["keys that are objects", ["}]Ns."], /a dictionary with objects as keys/],
    ["an entry of a number", ["K\x01NNs."], /sets an item of something other than a dictionary/],
    ["half an entry", ["}(Nu."], /sets an item of something other than a dictionary/],
    ["an item of a number", ["K\x01Na."], /appends to something other than a list/],
    ["a tuple without a mark", ["t."], /missing mark/],
    ["more than was put down", ["a."], /stack underflow/],
    ["what lies below a mark", ["](a."], /stack underflow/],
    ["what was not remembered", ["h\x07."], /reads an unknown memo entry/],
    ["nothing to remember", ["q\x00."], /stores an empty stack in the memo/],
    ["a number of 200 bytes", [[0x8a, 200], "x".repeat(200), "."], /an integer of more than 8 bytes/],
    ["a text that is not there", ["X\xff\xff\xff\xffabc."], /is truncated/],
    ["a name without an end", ["cos"], /is truncated/],
    ["no end", ["N"], /is truncated/],
    ["nothing", [], /is truncated/],
    ["17 MB", ["N".repeat(17e6)], /has more than 16777216 bytes/],
    ["eleven million dictionaries", ["}".repeat(11e6)], /describes more than 1000000 objects/],
    ["eleven million marks", ["(".repeat(11e6)], /describes more than 1000000 objects/],
    ["memories without an end", ["N", "q\x00".repeat(6e6)], /describes more than 1000000 objects/],
  ])("%s", (_, parts, message) => {
    const begin = performance.now();
    let problem: unknown;
    try {
      run(...parts);
    } catch (error) {
      problem = error;
    }
    expect(problem).toBeInstanceOf(PickleProblem);
    expect((problem as Error).message).toMatch(message);
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});
