/** Checkpoints that we write are read as they were; those of others by whose objects hold the variables, or by their places in lists. */
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { type SpecName, type SpecOptions, specNames, specOf } from "../../../src/arch/spec.ts";
import { crc32c, masked } from "../../../src/formats/tensorflow/crc32c.ts";
import type { BundleFiles } from "../../../src/formats/tensorflow/read/bundle.ts";
import { readCheckpoint } from "../../../src/formats/tensorflow/read/checkpoint.ts";
import { differencesOfOfficial, writeCheckpoint } from "../../../src/formats/tensorflow/write/checkpoint.ts";
import { TrackedObject } from "../../../src/formats/tensorflow/write/object-graph.ts";
import { hubKeys, namesOfHub } from "../../../src/formats/weights/origins/hub.ts";
import { objectPaths } from "../../../src/formats/weights/origins/tensorflow.ts";
import type { Model } from "../../../src/model/model.ts";
import { hashedModel } from "../../laws/models.ts";
import { told } from "../../told.ts";
import { type BundleOptions, bundleOf, type Stored, storedIn, storedInHub, storedText } from "./bundles.ts";

const small = { classes: 4, resolution: { height: 64, width: 48 } };
const networks: readonly (readonly [SpecName, SpecOptions])[] = [
  ["t0-stream", {}],
  ["t0-base", {}],
  ["t0-stream", { positionalEncoding: true, gate: "hard_sigmoid_a" }],
  ["t0-stream", { squeezeExcite: "none", activation: "relu6", classifierActivation: "relu6" }],
  ["t0-stream", { convType: "3d_2plus1d" }],
];
const read = (files: BundleFiles, options = {}) => readCheckpoint(files, "ckpt", options);
const filesOf = (written: ReadonlyMap<string, Uint8Array>) => ({
  index: written.get(".index") as Uint8Array,
  shards: written,
});
const graphKey = "_CHECKPOINTABLE_OBJECT_GRAPH";
const isText = (key: string) => key.startsWith("movinet.");

/** A checkpoint without what ours tell of themselves. */
function foreign(model: Model, options: BundleOptions = {}, change = (stored: Map<string, Stored>) => stored) {
  const stored = new Map([...storedIn(writeCheckpoint(model))].filter(([key]) => !isText(key)));
  return bundleOf(change(stored), options);
}

function sameWeights(model: Model, expected: Model): void {
  expect([...model.weights.keys()].sort()).toEqual([...expected.weights.keys()].sort());
  for (const [name, { data }] of expected.weights) expect(model.weights.get(name)?.data, name).toEqual(data);
}

const untold = ({ spec: { gate, activation, classifierActivation, resolution } }: Model) => ({
  told: { gate, activation, classifierActivation, resolution },
});

describe.each(networks)("%s with %o", (name, options) => {
  const { spec, weights, card } = hashedModel(name, { ...small, ...options });
  const model = { spec, weights, card: { ...card, name: "mine", labels: ["a", "b", "c", "d"] } };
  const written = writeCheckpoint(model, "{}");

  test("is read as it was, and written again in the same bytes", () => {
    const { warnings, ...again } = read(filesOf(written));
    expect(again.spec).toEqual(spec);
    expect(again.card).toEqual(model.card);
    expect(warnings).toEqual([]);
    sameWeights(again, model);
    for (const [ending, bytes] of writeCheckpoint(again, "{}")) {
      expect(Buffer.compare(bytes, written.get(ending) as Uint8Array), ending).toBe(0);
    }
  });

  test.each([{}, { shards: 3 }, { snappy: true }])("is read from what another program would write: %o", (how) => {
    const again = read(foreign(model, how), untold(model));
    const convType = spec.convType === "3d_2plus1d" ? "2plus1d" : spec.convType;
    expect(again.spec).toEqual({ ...spec, convType });
    sameWeights(again, model);
  });
});

test("what no checkpoint tells is assumed as the current official code has it, in one warning", () => {
  const { spec, warnings } = read(foreign(hashedModel("t0-stream", small)));
  expect(spec).toEqual(specOf("t0-stream", { classes: 4 }));
  expect(warnings).toEqual([
    "assumed, because weights alone do not say: gate: hard sigmoid B, as in the current official code; activation: hard swish, as in the current official code; classifier activation: swish, as in the current official code; input size: 160×160, as in T0",
  ]);
});

/** A checkpoint as the models of the hub have it. */
function ofHub(model: Model, change = (entries: [string, Stored][]) => entries): BundleFiles {
  return bundleOf(new Map(change([...storedInHub(model)])));
}

describe("the hub's lists", () => {
  test.each([
    ["t0-stream", "hard_sigmoid_a"],
    ["t0-base", "sigmoid"],
  ] as const)("%s has gate %s", (name, gate) => {
    const model = hashedModel(name, { classes: 7 });
    const again = read(ofHub(model));
    expect(again.spec).toEqual({ ...model.spec, gate });
    expect(again.warnings.join()).toMatch(/as in the TensorFlow Hub models/);
    sameWeights(again, model);
  });

  test("may have norms before their kernels, as the code of today lists them", () => {
    const model = hashedModel("t0-stream", small);
    const { params } = buildGraph(model.spec, { form: "clip", frames: 1 });
    const names = [...hubKeys(params)].filter(([, key]) => key.startsWith("trainable")).map(([name]) => name);
    const rank = (name: string) => (/gamma|beta/.test(name) ? 0 : 1);
    // What is over time belongs to the convolution over space, in one object.
    const owner = (name: string) =>
      /^(.*?)(\.norm)?\.\w+$/.exec(name.replace("temporal", "feature").replace(".depthwise", ""))?.[1];
    const owners = [...new Set(names.map(owner))];
    const moved = owners.flatMap((of) =>
      names.filter((name) => owner(name) === of).toSorted((a, b) => rank(a) - rank(b)),
    );
    expect(moved).not.toEqual(names);
    const places = new Map(moved.map((name, i) => [name, `trainable_variables/${i}`]));
    const theirs = new Map([...hubKeys(params)].map(([name, key]) => [key, places.get(name) ?? key]));
    const files = ofHub(model, (entries) =>
      entries.map(([key, stored]) => {
        const [short = ""] = key.split("/.ATTRIBUTES");
        return [key.replace(short, theirs.get(short) as string), stored];
      }),
    );
    sameWeights(read(files, untold(model)), model);
  });

  test("that are no network's are refused, and so are those with more or less", () => {
    const model = hashedModel("t0-base", small);
    const refused = (change: (entries: [string, Stored][]) => [string, Stored][], problem: RegExp) =>
      expect(() => read(ofHub(model, change))).toThrow(told("E_MODEL_TENSORS", problem));
    refused((entries) => entries.slice(1), /its 313 variables are numbered/);
    refused(
      (entries) => [...entries, ["variables/999/.ATTRIBUTES/VARIABLE_VALUE", entries.at(-1)?.[1] as Stored]],
      /its 315 variables/,
    );
    refused((entries) => {
      const [key, { shape, ...rest }] = entries[0] as [string, Stored];
      return [[key, { ...rest, shape: shape.toReversed() }], ...entries.slice(1)];
    }, /its 314 variables/);
  });
});

describe.each(specNames)("%s", (name) => {
  const spec = specOf(name);
  const { params } = buildGraph(spec, { form: "clip", frames: 1 });

  test("every parameter has an object of the official code", () => {
    const flat = spec.convType === "2plus1d";
    const names = (["stem", "block", "head", "classifier"] as const).flatMap((kind) => objectPaths(kind, flat));
    const local = Object.keys(params).map((own) => own.replace(/^block\d+\.layer\d+\./, ""));
    expect(names.map(([own]) => own)).toEqual(expect.arrayContaining([...new Set(local)]));
    const paths = (["stem", "block"] as const).map((kind) => objectPaths(kind, flat).map(([, path]) => path.join("/")));
    for (const of of paths) expect(new Set(of).size).toBe(of.length);
  });

  test("is known by the shapes in the hub's lists", () => {
    const keys = hubKeys(params);
    const shapes = new Map([...keys].map(([own, key]) => [key, { shape: params[own]?.shape ?? [] }]));
    expect(namesOfHub(shapes)).toEqual(keys);
    expect(new Set(keys.values()).size).toBe(Object.keys(params).length);
  });
});

test("A2's lists are as long, and their statistics stand where the published model has them", () => {
  const { params } = buildGraph(specOf("a2-base"), { form: "clip", frames: 1 });
  const keys = hubKeys(params);
  expect([...keys.values()].filter((key) => key.startsWith("trainable")).length).toBe(386);
  expect(keys.get("stem.norm.mean")).toBe("variables/3");
  expect(keys.get("block0.layer0.expansion.norm.mean")).toBe("variables/22");
  expect(keys.get("block0.layer0.skip.norm.variance")).toBe("variables/29");
  expect(keys.get("block0.layer1.expansion.norm.mean")).toBe("variables/44");
  expect(keys.get("head.norm.variance")).toBe("variables/549");
});

const model = hashedModel("t0-stream", small);
const float = (shape: readonly number[], value = 1): Stored => {
  const content = new Uint8Array(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value).buffer);
  return { dtype: 1, shape, content, checksum: masked(crc32c(content)) };
};
const value = (path: string) => `${path}/.ATTRIBUTES/VARIABLE_VALUE`;
const stemKernel = value("model/layer_with_weights-0/layer_with_weights-0/_stem/_conv/_conv/kernel");

describe("what else is in a checkpoint", () => {
  test("of an optimizer, of metrics and of counts is passed over", () => {
    const files = foreign(model, {}, (stored) =>
      new Map(stored)
        .set(stemKernel.replace("/.ATTR", "/.OPTIMIZER_SLOT/optimizer/momentum/.ATTR"), float([3, 3, 3, 8]))
        .set(value("optimizer/_variables/1"), float([3, 3, 3, 8]))
        .set(value("keras_api/metrics/0/total"), float([]))
        .set(value("global_step"), { ...float([2]), dtype: 9, shape: [] }),
    );
    sameWeights(read(files, untold(model)), model);
  });

  test("and is a weight, is told of with what is missing and what has another shape", () => {
    const files = foreign(model, {}, (stored) => {
      const changed = new Map(stored).set(value("model/temperature"), float([])).set(stemKernel, float([3, 3, 3, 9]));
      changed.delete(value("model/layer_with_weights-1/_head/_conv/_conv/bias"));
      return changed;
    });
    expect(() => read(files)).toThrow(
      told(
        "E_MODEL_TENSORS",
        /1 missing: classifier1.bias; 1 unused: model\/temperature; 1 with the wrong shape: stem.kernel/,
      ),
    );
  });

  test("a second network is refused", () => {
    const root = new TrackedObject();
    for (const path of ["a", "b"]) {
      root.at([path, "_stem", "_conv", "kernel"]).become({ fullName: "stem", key: value(path) });
    }
    const text = root.bytes();
    const stored = new Map([["x", float([1])]]);
    expect(() => read(bundleOf(stored.set(graphKey, storedText(text))))).toThrow(
      told("E_MODEL_FORMAT", "it contains more than one network: stem.kernel appears twice"),
    );
  });
});

describe("a checkpoint is refused", () => {
  const files = foreign(model, { shards: 2 });
  const [first = "", second = ""] = [...files.shards.keys()];
  const shard = (ending: string, change: (bytes: Uint8Array) => Uint8Array) => ({
    ...files,
    shards: new Map(files.shards).set(ending, change(files.shards.get(ending) as Uint8Array)),
  });
  test.each([
    [
      "without a shard",
      { ...files, shards: new Map([...files.shards].slice(0, 1)) },
      /the file .data-00001-of-00002, .* is missing/,
    ],
    ["with a shard cut off", shard(second, (bytes) => bytes.subarray(0, -100)), /.data-00001-of-00002 is truncated/],
    [
      "with a flipped bit",
      shard(first, (bytes) => bytes.map((byte, i) => (i === 1000 ? byte ^ 4 : byte))),
      /the checksum of .* does not match/,
    ],
    ["without an index", { ...files, index: new Uint8Array() }, /its index is damaged: it does not end like an index/],
    [
      "with a graph of objects that is damaged",
      foreign(model, {}, (stored) => stored.set(graphKey, storedText(new Uint8Array(9).fill(10)))),
      /its object graph is damaged/,
    ],
    [
      "with a variable in slices",
      foreign(model, {}, (stored) => stored.set(stemKernel, { ...(stored.get(stemKernel) as Stored), sliced: true })),
      /is stored in slices/,
    ],
    [
      "with a size that does not fit",
      foreign(model, {}, (stored) => stored.set(stemKernel, { ...float([4]), shape: [3, 3, 3, 8] })),
      /does not match its shape/,
    ],
  ])("%s", (_, broken, problem) => {
    expect(() => read(broken)).toThrow(told("E_MODEL_FORMAT", problem));
  });

  test("of another network", () => {
    expect(() => read(bundleOf(new Map([[value("dense/kernel"), float([2, 2])]])))).toThrow(
      told("E_MODEL_TENSORS", "none of its 1 tensors belongs to a MoViNet: dense/kernel"),
    );
    expect(() => read(bundleOf(new Map()))).toThrow(told("E_MODEL_TENSORS", "it contains no tensors"));
  });
});

test.each([
  ["a0-base", {}, []],
  ["a3-stream", { squeezeExcite: "none", gate: "hard_sigmoid_a" }, []],
  ["a2-stream", { gate: "hard_sigmoid_a" }, ["gate hard sigmoid B instead of hard sigmoid A"]],
] as const)("what the official code has instead of %s with %o", (name, options, differences) => {
  expect(differencesOfOfficial(specOf(name, options))).toEqual(differences);
  expect(differencesOfOfficial({ ...specOf(name, options), head: 8 })).toEqual([
    ...differences,
    `no ${name.slice(0, 2)} with these layers`,
  ]);
});
