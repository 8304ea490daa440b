/** State dicts as people have them: in checkpoints, wrapped, in other numbers and layouts; what is no state dict is refused by name. */
import { describe, expect, test } from "vitest";
import { readModel } from "../../../src/formats/model-file.ts";
import { writePytorch } from "../../../src/formats/pytorch/write.ts";
import { portName, toPort } from "../../../src/formats/weights/origins/pytorch.ts";
import { readArchive, writeArchive } from "../../../src/formats/zip.ts";
import { elementsOf } from "../../../src/graph/shapes.ts";
import type { Tensor, Weights } from "../../../src/graph/tensor.ts";
import { hashedModel } from "../../laws/models.ts";
import { told } from "../../told.ts";
import {
  channelsLast,
  Raw,
  type Saved,
  type Storage,
  storages,
  TorchTensor,
  torchFile,
  withoutTexts,
} from "./torch-file.ts";

const { spec, weights } = hashedModel("t0-stream", { classes: 3 });
type StateDict = Record<string, Saved>;

/** The state dict of the network, each tensor made by `make` of its values in row-major order. */
function stateDict(make: (shape: readonly number[], data: Float32Array) => TorchTensor): StateDict {
  const entries = [...weights].flatMap(([own, tensor]): (readonly [string, Saved])[] => {
    const { shape, data } = toPort(own, tensor);
    const key = portName(own, spec);
    const count = [key.replace("running_var", "num_batches_tracked"), new TorchTensor(storages.int64(1), [])] as const;
    return own.endsWith(".variance") ? [[key, make(shape, data)], count] : [[key, make(shape, data)]];
  });
  return Object.fromEntries(entries);
}

const plain = stateDict((shape, data) => new TorchTensor(storages.float32(data), shape));
const read = (saved: Saved) => readModel(torchFile(saved), "w.pt");
const expectWeights = (got: Weights, of: (value: number) => number = (value) => value) => {
  for (const [own, { shape, data }] of weights) {
    expect(got.get(own)?.shape).toEqual(shape);
    expect(got.get(own)?.data, own).toEqual(data.map(of));
  }
};

describe("a state dict is read", () => {
  test("with what it cannot tell in one warning", () => {
    const model = readModel(torchFile(plain), "w.pt", "mine");
    expect(model).toMatchObject({ format: "pt", spec: { ...spec, gate: "hard_sigmoid_a" }, card: { name: "mine" } });
    expect(model.warnings).toEqual([
      expect.stringMatching(
        /^assumed, because weights alone do not say: gate: hard sigmoid A, as in the public PyTorch port; .*160×160/,
      ),
    ]);
    expectWeights(model.weights);
  });

  test.each([
    [
      "in a checkpoint",
      {
        epoch: 3,
        best: 0.71,
        optimizer: { state: { "0": plain["conv7.conv_1.norm.bias"] ?? null } },
        state_dict: plain,
      },
    ],
    ["in a checkpoint within another", { epoch: 3, trainer: { model: plain } }],
    ["in a list, beside a number", [prefixed("_orig_mod."), 3]],
    ["of a network in several processes", prefixed("module.")],
    ["of a network within another, in a checkpoint", { hyper: [1, null, true, "x"], model: prefixed("net.backbone.") }],
    [
      "whose tensors are parameters",
      stateDict((shape, data) => new TorchTensor(storages.float32(data), shape, { parameter: true })),
    ],
    ["on a machine with channels last", stateDict(scattered)],
    ["whose tensors share one storage", stateDict(shared())],
    ["with float64", stateDict((shape, data) => new TorchTensor(storages.float64(data), shape))],
  ])("%s", (_, saved) => {
    expectWeights(read(saved as Saved).weights);
  });

  test("in half precision", () => {
    const half = stateDict((shape, data) => new TorchTensor(storages.float16(data), shape));
    const { weights: got } = read(half);
    for (const [own, { data }] of weights) {
      const halves = (got.get(own) as Tensor).data;
      const off = data.reduce((worst, value, i) => {
        const difference = Math.abs(value - (halves[i] as number));
        return Math.max(worst, difference / Math.max(1e-3, Math.abs(value)));
      }, 0);
      expect(off, own).toBeLessThan(2 ** -11);
    }
  });

  test("in bfloat16", () => {
    const word = new Uint32Array(1);
    const cut = (value: number) => {
      new Float32Array(word.buffer)[0] = value;
      word[0] = ((word[0] as number) >>> 16) << 16;
      return new Float32Array(word.buffer)[0] as number;
    };
    expectWeights(read(stateDict((shape, data) => new TorchTensor(storages.bfloat16(data), shape))).weights, cut);
  });

  test("wherever in the file its numbers begin", () => {
    const files = readArchive(torchFile(plain), 65_535).map((file) => ({
      name: `s${file.name}`,
      content: file.read(),
    }));
    expectWeights(readModel(writeArchive(files, 1), "w.pt").weights);
  });

  test("the first of several networks, with a warning", () => {
    const { warnings } = read({ model: plain, ema: plain });
    expect(warnings[0]).toBe("it contains several networks; using model, not ema");
  });

  test("with what is told", () => {
    const model = readModel(torchFile(plain), "w.pt", undefined, {
      gate: "hard_sigmoid_b",
      resolution: { height: 64, width: 64 },
    });
    expect(model.spec).toMatchObject({ gate: "hard_sigmoid_b", resolution: { height: 64, width: 64 } });
    expect(model.card.input).toMatchObject({ height: 64, width: 64 });
  });
});

function prefixed(prefix: string): StateDict {
  return Object.fromEntries(Object.entries(plain).map(([key, tensor]) => [prefix + key, tensor]));
}

function scattered(shape: readonly number[], data: Float32Array): TorchTensor {
  if (shape.length < 4) return new TorchTensor(storages.float32(Float32Array.from(data, (value) => value)), shape);
  const strides = channelsLast(shape);
  const moved = new Float32Array(data.length);
  const index = shape.map(() => 0);
  for (const value of data) {
    moved[index.reduce((at, i, axis) => at + i * (strides[axis] as number), 0)] = value;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
  return new TorchTensor(storages.float32(moved), shape, { strides });
}

/** All tensors are views of one storage, one after the other. */
function shared(): (shape: readonly number[], data: Float32Array) => TorchTensor {
  const all = new Float32Array([...weights.values()].reduce((sum, { data }) => sum + data.length, 0));
  const storage: Storage = storages.float32(all);
  let at = 0;
  return (shape, data) => {
    all.set(data, at);
    at += data.length;
    return new TorchTensor(storage, shape, { offset: at - data.length });
  };
}

describe("what is no state dict of a MoViNet is refused", () => {
  const without = (key: string) => Object.fromEntries(Object.entries(plain).filter(([name]) => name !== key));
  const tensor = (...shape: number[]) => new TorchTensor(storages.float32(new Float32Array(elementsOf(shape))), shape);

  test.each<[string, Saved, string, RegExp]>([
    [
      "one with a tensor too few, one too many and one of another size",
      { ...without("blocks.b1_l0.alpha"), extra: tensor(1), "conv7.conv_1.norm.bias": tensor(241) },
      "E_MODEL_TENSORS",
      /do not match t0-stream: 1 missing: block1\.layer0\.rezero; 1 unused: extra; 1 with the wrong shape: head\.norm\.beta \[241\] instead of \[240\]/,
    ],
    [
      "one with two skips in a layer",
      { ...plain, "blocks.b0_l0.res.0.conv_1.conv2d.weight": tensor(8, 8, 1, 1) },
      "E_MODEL_TENSORS",
      /1 unused: blocks\.b0_l0\.res\.0\.conv_1\.conv2d\.weight/,
    ],
    [
      "one of another network",
      { "layer1.0.conv1.weight": tensor(64, 3, 7, 7) },
      "E_MODEL_TENSORS",
      /none of its 1 tensors belongs to a MoViNet: layer1\.0\.conv1\.weight/,
    ],
    ["a list", [1, 2], "E_MODEL_TENSORS", /it contains no tensors/],
    [
      "counts for weights",
      { ...plain, "conv7.conv_1.norm.bias": new TorchTensor(storages.int64(240), [240]) },
      "E_MODEL_FORMAT",
      /tensor conv7\.conv_1\.norm\.bias has type int64, which cannot hold weights/,
    ],
    [
      "a text for weights",
      { ...plain, "blocks.b1_l0.alpha": "0.5" },
      "E_MODEL_FORMAT",
      /tensor blocks\.b1_l0\.alpha is not a tensor/,
    ],
    [
      "a storage that is too short",
      {
        ...plain,
        "blocks.b1_l0.alpha": new TorchTensor({ type: "FloatStorage", content: new Uint8Array(2), count: 1 }, []),
      },
      "E_MODEL_FORMAT",
      /alpha is truncated/,
    ],
    [
      "a tensor beyond its storage",
      { a: new TorchTensor(storages.float32(new Float32Array(4)), [2, 2], { offset: 1 }) },
      "E_MODEL_FORMAT",
      /a tensor that is larger than its storage/,
    ],
    ["no tensors", { epoch: 3, args: { lr: 1 } }, "E_MODEL_TENSORS", /it contains no tensors\./],
    [
      "a whole network",
      new Raw("cmovinets.models\nMoViNet\n)R"),
      "E_MODEL_FORMAT",
      /its pickle asks for movinets\.models\.MoViNet, .*torch\.save\(model\.state_dict\(\), FILE\)/,
    ],
  ])("%s", (_, saved, code, message) => {
    expect(() => read(saved)).toThrow(told(code, message));
  });

  test("an archive that PyTorch would not have written", () => {
    const bytes = torchFile(plain);
    const compressed = Buffer.from(bytes);
    for (let at = compressed.indexOf("PK\x01\x02"); at >= 0; at = compressed.indexOf("PK\x01\x02", at + 4))
      compressed.writeUInt16LE(8, at + 10);
    expect(() => readModel(compressed, "w.pt")).toThrow(
      told("E_MODEL_FORMAT", /data\.pkl is compressed, which PyTorch never does\. In Python, save it again/),
    );
    expect(() => readModel(torchFile(plain, { byteorder: Buffer.from("big") }), "w.pt")).toThrow(
      told("E_MODEL_FORMAT", /big-endian/),
    );
    expect(() => readModel(bytes.slice(0, -1), "w.pt")).toThrow(
      told("E_MODEL_FORMAT", /truncated or damaged.*Download or copy the complete file again/),
    );
    const files = readArchive(bytes, 65_535).filter(({ name }) => name !== "saved/data/7");
    const holed = writeArchive(
      files.map((file) => ({ name: file.name, content: file.read() })),
      64,
    );
    expect(() => readModel(holed, "w.pt")).toThrow(told("E_MODEL_FORMAT", /its archive has no data\/7/));
  });

  test("a base network that is to be a stream", () => {
    const base = withoutTexts(writePytorch(hashedModel("t0-base", { classes: 3 })));
    expect(() => readModel(base, "w.pt", undefined, { mode: "stream" })).toThrow(
      told("E_MODEL_TENSORS", /cannot become a stream network/),
    );
  });
});
