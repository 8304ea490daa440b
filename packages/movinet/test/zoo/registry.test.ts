/** The zoo's table says the same as the networks, and nothing twice. */
import { expect, test } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { isSpecName, specOf } from "../../src/arch/spec.ts";
import { elementsOf } from "../../src/graph/shapes.ts";
import { defaultModelName, meantName, zoo, zooModel } from "../../src/zoo/registry.ts";

test("names: A0–A5 in both modes, and the quantized streams", () => {
  const names = zoo.map(({ name }) => name);
  expect(new Set(names).size).toBe(18);
  expect(names.filter(isSpecName)).toHaveLength(12);
  expect(names.filter((name) => !isSpecName(name))).toEqual([
    "a0-stream-int8",
    "a1-stream-int8",
    "a2-stream-int8",
    "a0-stream-float16",
    "a1-stream-float16",
    "a2-stream-float16",
  ]);
  expect(zooModel(defaultModelName)?.spec).toBe("a0-stream");
  expect(zooModel("toString")).toBeNull();
});

test.each(zoo.filter(({ weights }) => weights === "float32"))(
  "$name has the size of its network",
  ({ spec, bytes }) => {
    const { params } = buildGraph(specOf(spec), { form: "clip", frames: 1 });
    expect(bytes).toBe(4 * Object.values(params).reduce((sum, { shape }) => sum + elementsOf(shape), 0));
  },
);

test.each(zoo)(
  "$name: its sources are addresses of known hosts over https, each its own",
  ({ name, sources, told, weights }) => {
    expect(new Set(sources.map(({ url }) => url)).size).toBe(sources.length);
    expect(sources.length).toBeGreaterThan(0);
    for (const { url, content } of sources) {
      expect(url).toMatch(
        /^https:\/\/(raw\.githubusercontent\.com\/Atze00\/MoViNet-pytorch\/[0-9a-f]{40}|www\.kaggle\.com\/api\/v1\/models\/google\/movinet)\//,
      );
      // The old places are dead: they redirect or refuse.
      expect(url).not.toMatch(/tfhub|storage\.googleapis/);
      if (content !== null) expect(JSON.stringify(content)).toMatch(/^\{"blob":"[0-9a-f]{40}"\}$/);
    }
    // The released streams want gate A, whatever the current code builds.
    if (weights === "float32") expect(told.gate).toBe(name.endsWith("-stream") ? "hard_sigmoid_a" : "sigmoid");
  },
);

test.each([
  ["a0-steam", "a0-stream"],
  ["A2_Stream", "a2-stream"],
  ["a0", "a0-stream"],
  ["movinet_a0_stream.tflite", "a0-stream"],
  ["a1-stream-int", "a1-stream-int8"],
  ["nowhere", null],
  ["", null],
  ["x".repeat(100_000), null],
])("who writes %s may mean %s", (written, meant) => {
  expect(meantName(written)).toBe(meant === null ? "" : `Did you mean ${meant}? `);
});
