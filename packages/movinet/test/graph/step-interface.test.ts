/** How a network is called follows from its graph and from the signature of a file alike. */
import { describe, expect, test } from "vitest";
import { specNames } from "../../src/arch/spec.ts";
import { signatureInterface, type TensorFacts } from "../../src/graph/step-interface.ts";
import { isLarge } from "../large.ts";
import { checkFiles } from "./carried.ts";

const streams = specNames.filter((name) => name.endsWith("stream") && !isLarge(name));

test.each(streams)("the files of %s carry what its graph carries, under Google's names", checkFiles);

describe("signatures", () => {
  const float = (name: string, ...shape: readonly number[]): TensorFacts => ({ name, shape, dtype: "float32" });
  const image = float("image", 1, 32, 48, 3);
  const slots = [float("state_a_stream_buffer_0", 1, 4, 4, 8), float("state_a_stream_buffer_1", 1, 4, 4, 8)];
  const newest = float("state_a_stream_buffer_2", 1, 4, 4, 8);
  const logits = float("logits", 1, 7);
  const read = (inputs: readonly TensorFacts[], outputs: readonly TensorFacts[]) =>
    signatureInterface({ inputs, outputs, layout: "channelsLast" });

  test("other outputs keep their names beside logits, and one alone is the logits", () => {
    const features = float("features", 1, 240);
    expect(read([image, ...slots], [features, logits, newest])).toMatchObject({
      step: { outputs: { features: "features", logits: "logits" }, states: [{ shape: [1, 2, 4, 4, 8] }] },
    });
    expect(read([image], [float("StatefulPartitionedCall:0", 1, 7)])).toMatchObject({
      step: { outputs: { logits: "StatefulPartitionedCall:0" }, states: [], frames: 1 },
    });
  });

  test.each([
    ["an unknown input", [image, ...slots, float("mask", 1)], [logits, newest], "unknown input mask"],
    ["no newest frame", [image, ...slots], [logits], "missing output state_a_stream_buffer_2"],
    ["no logits", [image, ...slots], [float("scores", 1, 7), newest], "missing output logits"],
    [
      "an image of bytes",
      [{ ...image, dtype: "uint8" } as const, ...slots],
      [logits, newest],
      "it has no float32 image input",
    ],
    [
      "a state that does not come back",
      [float("image", 1, 1, 32, 48, 3), float("state", 1, 4)],
      [logits],
      "state is not returned",
    ],
    [
      "two unnamed outputs",
      [float("image", 1, 1, 32, 48, 3), float("state", 1, 4)],
      [float("state", 1, 4), float("a", 1), float("b", 1)],
      "besides states it returns a, b",
    ],
  ] as const)("%s is told", (_, inputs, outputs, problem) => {
    expect(read(inputs, outputs)).toEqual({ problems: [problem] });
  });
});
