/** State dicts of the public PyTorch port say what the reference implementation says: law 1 from a `.pt` file to the logits. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { readModel } from "../../src/formats/model-file.ts";
import { writePytorch } from "../../src/formats/pytorch/write.ts";
import { withoutTexts } from "../formats/pytorch/torch-file.ts";
import { hasShared, sharedFolder, sharedReason } from "../shared.ts";
import { figuresOf, modelOfFigures } from "./figures.ts";
import { checkBackendParity } from "./parity.ts";

const cases = [
  ["stream", "a0-stream-10classes-gateA"],
  ["base", "a0-base-10classes"],
] as const;

/** Reads a state dict of the case's network, checks what is known of it, and compares its answers. */
async function checkFile(bytes: Uint8Array, name: string): Promise<void> {
  const figures = figuresOf(name);
  const expected = modelOfFigures(figures);
  // The figures are of small pictures, and of as many frames as they have.
  const { spec, weights, card } = readModel(bytes, "golden.pt", name, { resolution: expected.spec.resolution });
  expect(spec).toEqual(expected.spec);
  const frames = spec.mode === "base" ? figures.shape[1] : null;
  await checkBackendParity(figures, await nodeEngine({ threads: 1 }), { spec, weights, card: { ...card, frames } });
}

describe.each(cases)("%s", (mode, name) => {
  test.skipIf(!hasShared)(`the port's own file${sharedReason}`, async () => {
    const bytes = new Uint8Array(readFileSync(`${sharedFolder}/golden/pytorch_a0_${mode}_10classes.pt`));
    await checkFile(bytes, name);
    // Written and read again it is the same, to the bit.
    const again = writePytorch(readModel(bytes, "golden.pt"));
    expect(readModel(again, "again.pt").weights).toEqual(readModel(bytes, "golden.pt").weights);
  });

  test("a file that we wrote, without what it tells of itself", async () => {
    await checkFile(withoutTexts(writePytorch(modelOfFigures(figuresOf(name)))), name);
  });
});
