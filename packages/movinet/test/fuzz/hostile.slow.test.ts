/** Files that are made to exhaust memory or time are refused, with at most 512 MB beside their own size. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { PbfWriter } from "pbf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeModel } from "../../src/formats/model-file.ts";
import { emitOnnx } from "../../src/formats/onnx/write/file.ts";
import type { BundleFiles } from "../../src/formats/tensorflow/read/bundle.ts";
import { readTable } from "../../src/formats/tensorflow/read/table.ts";
import { writeCheckpoint } from "../../src/formats/tensorflow/write/checkpoint.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import { Raw, storages, TorchTensor, torchFile } from "../formats/pytorch/torch-file.ts";
import { tarOf } from "../formats/tar.ts";
import { bundleOf, storedIn, storedText, tableOf, tableOfBlocks, varint } from "../formats/tensorflow/bundles.ts";
import { hashedModel } from "../laws/models.ts";

let folder: string;
let baseline: number;
const child = fileURLToPath(new URL("refuse-child.ts", import.meta.url));

/** How reading a file ends, in a process of its own, and the most memory that the process had, in bytes. */
async function read(bytes: Uint8Array, name: string): Promise<{ readonly outcome: string; readonly peak: number }> {
  const file = join(folder, name);
  await writeFile(file, bytes);
  const { stdout, stderr, signal } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", child, file],
    {
      encoding: "utf8",
      timeout: 100_000,
    },
  );
  await rm(file);
  if (stdout === "") return { outcome: `${signal ?? ""} ${stderr.slice(-500)}`, peak: Number.NaN };
  const { outcome, peak } = JSON.parse(stdout) as { readonly outcome: string; readonly peak: number };
  return { outcome, peak: 1024 * peak };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-hostile-"));
  baseline = (await read(new Uint8Array(), "empty")).peak;
});
afterAll(() => rm(folder, { recursive: true }));

const model = hashedModel("t0-stream", { classes: 3, resolution: { height: 32, width: 32 } });
const base = hashedModel("t0-base", { classes: 3, resolution: { height: 32, width: 32 } });

/** A safetensors file of a header, as JSON, and so many bytes behind it. */
function safetensors(header: string, body = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + body);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

/** The file of a model whose spec or card says something else. */
function changed(part: "spec" | "card", values: object, of = model): Uint8Array {
  return writeModel({ ...of, [part]: { ...of[part], ...values } });
}

const kernel = { time: 3, space: 3 } as const;
const layers = (count: number, expand = 8) => [
  { filters: 8, stride: 2, layers: Array.from({ length: count }, () => ({ expand, kernel })) },
];

/** A safetensors file of a network without its weights: only the metadata is right. */
function bare(spec: object, card: object): Uint8Array {
  const metadata = {
    "movinet.spec": JSON.stringify({ ...model.spec, ...spec }),
    "movinet.card": JSON.stringify({ ...model.card, ...card }),
  };
  return safetensors(JSON.stringify({ __metadata__: metadata }));
}

const safetensorsFiles: Readonly<Record<string, () => Uint8Array>> = {
  "3,000 tensors over the same bytes": () => {
    const entry = { dtype: "F32", shape: [375_000], data_offsets: [0, 1_500_000] };
    const entries = Array.from({ length: 3000 }, (_, i) => [`t${i}`, entry]);
    return safetensors(JSON.stringify(Object.fromEntries(entries)), 1_500_000);
  },
  "a window of 65,536 frames": () => changed("card", { frames: 65_536 }, base),
  "a window of 4,096 large frames": () =>
    bare(
      { mode: "base", resolution: { height: 320, width: 320 } },
      { frames: 4096, input: { height: 320, width: 320, fit: "crop" } },
    ),
  "pictures of 4096 × 4096": () => changed("spec", { resolution: { height: 4096, width: 4096 } }),
  "large pictures in wide layers": () =>
    bare(
      { resolution: { height: 2048, width: 2048 }, blocks: layers(1, 8192) },
      { input: { height: 2048, width: 2048, fit: "crop" } },
    ),
  "a stream of pictures of 2048 × 2048": () => {
    const side = { height: 2048, width: 2048 };
    const { spec, card, weights } = hashedModel("a1-stream", { classes: 3, resolution: { height: 32, width: 32 } });
    return writeModel({
      spec: { ...spec, resolution: side },
      card: { ...card, input: { ...card.input, ...side } },
      weights,
    });
  },
  "a million layers": () => bare({ blocks: layers(1_000_000) }, {}),
  "a thousand layers": () => bare({ blocks: layers(1000) }, {}),
  "widths that make gigabytes of weights": () => bare({ blocks: layers(200, 8192), head: 8192, hidden: 8192 }, {}),
  "a thousand million frames per second": () => changed("card", { fps: 1e9 }),
  "a million labels": () => changed("card", { labels: Array.from({ length: 1_000_000 }, (_, i) => `${i}`) }),
  "a header of 100 MB": () => safetensors(`{"a":"${"x".repeat(1e8)}"}`),
  "a header of 100 MB of lists": () => safetensors(`{"a":[${"[],".repeat(3.3e7)}0]}`),
  "a header of 16 MB of lists": () => safetensors(`{"a":[${"[],".repeat(5.4e6)}0]}`),
  "a header that is 100,000 levels deep": () => safetensors(`{"a":${"[".repeat(1e5)}${"]".repeat(1e5)}}`),
  "a card that is 100,000 levels deep": () => {
    const card = JSON.stringify(model.card).replace(/}$/, `,"more":${"[".repeat(1e5)}${"]".repeat(1e5)}}`);
    const metadata = { "movinet.spec": JSON.stringify(model.spec), "movinet.card": card };
    return safetensors(JSON.stringify({ __metadata__: metadata }));
  },
  "100,000 empty tensors": () => {
    const entry = { dtype: "F32", shape: [0], data_offsets: [0, 0] };
    return safetensors(
      JSON.stringify(Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [i.toString(36), entry]))),
    );
  },
};

/** An ONNX file of ours with more in its graph, or behind it: messages of protocol buffers add up. */
function onnx(graph: (pbf: PbfWriter) => void, file?: (pbf: PbfWriter) => void): Uint8Array {
  const more = new PbfWriter();
  more.writeMessage(7, (_: null, pbf) => graph(pbf), null);
  file?.(more);
  return new Uint8Array(Buffer.concat([emitOnnx(model), more.finish()]));
}

const onnxFiles: Readonly<Record<string, () => Uint8Array>> = {
  "ten million nodes": () => {
    const nodes = Buffer.alloc(2e7, "\n\0");
    const length = new PbfWriter();
    length.writeVarint(nodes.length);
    return new Uint8Array(Buffer.concat([emitOnnx(model), Buffer.of(0x3a), length.finish(), nodes]));
  },
  "a loop": () => onnx((pbf) => pbf.writeMessage(1, (_: null, node) => node.writeStringField(4, "Loop"), null)),
  "a graph in an attribute": () =>
    onnx((pbf) =>
      pbf.writeMessage(
        1,
        (_: null, node) => {
          node.writeStringField(4, "Anything");
          node.writeMessage(5, (__: null, attribute) => attribute.writeBytesField(6, new Uint8Array()), null);
        },
        null,
      ),
    ),
  "metadata of 100 MB": () =>
    onnx(
      () => {},
      (pbf) =>
        pbf.writeMessage(
          14,
          (_: null, entry) => {
            entry.writeStringField(1, "movinet.card");
            entry.writeBytesField(2, new Uint8Array(1e8).fill(0x20));
          },
          null,
        ),
    ),
  "a tensor of 2⁶² numbers": () =>
    onnx((pbf) =>
      pbf.writeMessage(
        5,
        (_: null, tensor) => {
          tensor.writePackedVarint(1, [2 ** 31, 2 ** 31]);
          tensor.writeVarintField(2, 1);
          tensor.writeStringField(8, "classifier2.bias");
          tensor.writeBytesField(9, new Uint8Array(12));
        },
        null,
      ),
    ),
};

/** PyTorch files whose pickle says that it is small, and whose archive has everything twice. */
const torchFiles: Readonly<Record<string, () => Uint8Array>> = {
  "16 MB of dictionaries": () => torchFile(new Raw("}".repeat(1.6e7))),
  "16 MB of tuples in tuples": () => torchFile(new Raw(")", "\x85".repeat(1.6e7))),
  "lists that hold each other a million times": () => torchFile(new Raw("]q\0", "h\0a".repeat(3e5))),
  "a pickle of 100 MB": () => torchFile(new Raw("N".repeat(1e8))),
  "a text of 16 MB, a thousand times": () =>
    torchFile(new Raw("(X", [0, 0, 0xf0, 0], "x".repeat(0xf00000), "q\0", "h\0".repeat(1000), "t")),
  "30,000 tensors of 2³¹ numbers over one": () => {
    const one = storages.float32(new Float32Array(1));
    const huge = new TorchTensor(one, [2 ** 30, 2], { strides: [0, 0] });
    return torchFile(Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`t${i}`, huge])));
  },
  "the first kernel as 2³¹ numbers over one": () => {
    const one = storages.float32(new Float32Array(1));
    return torchFile({
      "conv1.conv_1.conv2d.weight": new TorchTensor(one, [2 ** 30, 2, 1, 1], { strides: [0, 0, 0, 0] }),
    });
  },
  "a spec of a million layers": () =>
    torchFile({}, { "extra/movinet.spec": Buffer.from(JSON.stringify({ ...model.spec, blocks: layers(1_000_000) })) }),
  "a pickle that says that it unpacks to 4 GB": () => {
    const bytes = Buffer.from(torchFile({ a: 1 }));
    const entry = bytes.indexOf("PK\x01\x02");
    bytes.writeUInt16LE(8, entry + 10);
    bytes.writeUInt32LE(0xffffffff, entry + 24);
    return bytes;
  },
  "60,000 records": () =>
    torchFile({ a: 1 }, Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`data/${i}`, new Uint8Array()]))),
};

/** The files of a checkpoint in an archive. */
function checkpointTar({ index, shards }: BundleFiles): Uint8Array {
  return tarOf([
    { name: "c.index", content: index },
    ...[...shards].map(([ending, content]) => ({ name: `c${ending}`, content })),
  ]);
}

function ofIndex(index: Uint8Array): Uint8Array {
  return checkpointTar({ index, shards: new Map([[".data-00000-of-00001", new Uint8Array(8)]]) });
}

function ofGraph(graph: Uint8Array): Uint8Array {
  return checkpointTar(bundleOf(new Map([["_CHECKPOINTABLE_OBJECT_GRAPH", storedText(graph)]])));
}

const named = (names: readonly string[]) =>
  tableOf(
    names.map((name) => [name, new Uint8Array()]),
    false,
  );
/** Snappy data that becomes a run of zeros. */
const run = (says: number, bytes: number) =>
  Buffer.concat([
    Buffer.from([...varint(says), 0, 0]),
    Buffer.alloc(3 * Math.ceil(bytes / 64), Buffer.from([0xfe, 1, 0])),
  ]);
const compressed = (content: Uint8Array) => tableOfBlocks([{ last: "x", content, snappy: true }]);
const message = (tag: number, content: Uint8Array) =>
  Buffer.concat([Buffer.from([tag, ...varint(content.length)]), content]);
/** An object that holds the object of a number under each name. */
const holding = (names: readonly string[], id: number) =>
  message(
    0x0a,
    Buffer.concat(
      names.map((name) => message(0x0a, Buffer.from([8, id, 0x12, ...varint(name.length), ...Buffer.from(name)]))),
    ),
  );
/** The checkpoint of a model with something behind each entry of its index. */
function entriesWith(more: readonly number[]): Uint8Array {
  const { index, shards } = bundleOf(storedIn(writeCheckpoint(model)));
  const entries = [...readTable(index)].map(
    ([key, value]) => [key, Uint8Array.from([...value, ...(key === "" ? [] : more)])] as const,
  );
  return checkpointTar({ index: tableOf(entries, false), shards });
}

/** Checkpoints and archives that are made by the rules. */
const tarFiles: Readonly<Record<string, () => Uint8Array>> = {
  "a gigabyte of zeros in gzip": () =>
    gzipSync(tarOf([{ name: "x.index", content: new Uint8Array(2 ** 30 - 4096) }]), { level: 1 }),
  "files that say that they have a gigabyte": () =>
    tarOf([
      { name: "x.index", size: "07777770000" },
      { name: "y.index", size: "07777770000" },
    ]),
  "20,000 files": () => tarOf(Array.from({ length: 20_000 }, (_, i) => ({ name: `f${i}.index` }))),
  "60,000 long names": () => ofIndex(named(Array.from({ length: 60_000 }, (_, i) => `${"k".repeat(500)}${i}`))),
  "300,000 names": () => ofIndex(named(Array.from({ length: 300_000 }, (_, i) => String(i)))),
  "a block that unpacks to 60 MB": () => ofIndex(compressed(run(6e7, 6e7))),
  "a block that says that it unpacks to 4 GB": () => ofIndex(compressed(run(2 ** 32 - 1, 1000))),
  "a million objects": () => ofGraph(Buffer.alloc(2e6, Buffer.from([0x0a, 0]))),
  "three million objects": () => ofGraph(Buffer.alloc(6e6, Buffer.from([0x0a, 0]))),
  "an object that holds a million": () =>
    ofGraph(
      holding(
        Array.from({ length: 1e6 }, (_, i) => String(i)),
        0,
      ),
    ),
  "100,000 layers that hold themselves": () => {
    const names = ["_expansion", "_feature", "_conv", "_batch_norm", "kernel", "gamma"];
    const one = holding(names, 0);
    return ofGraph(Buffer.alloc(1e5 * one.length, one));
  },
  "tensors of 2⁶³ numbers": () => entriesWith([0x12, 11, 0x12, 9, 8, ...new Array(7).fill(0xff), 0x7f]),
  "tensors of a gigabyte that is not there": () => entriesWith([0x28, 0x80, 0x80, 0x80, 0x80, 4]),
  "a spec of a million layers": () => {
    const stored = storedIn(writeCheckpoint(model));
    const spec = JSON.stringify({ ...model.spec, blocks: layers(1_000_000) });
    return checkpointTar(bundleOf(stored.set("movinet.spec", storedText(Buffer.from(spec)))));
  },
};

/** A TFLite file by hand: a root of tables whose vectors are anything. */
const tfliteFiles: Readonly<Record<string, () => Uint8Array>> = {
  "a million operators": () => tflite({ operators: 1_000_000 }),
  "100,000 operators, each of which is a copy": () => tflite({ operators: 99_000 }),
  "tensors that share 25 million dimensions": () => tflite({ dimensions: 25_000_000, tensors: 8 }),
  "one hundred names of the same 50 MB": () => tflite({ metadata: 100, metadataBytes: 50_000_000 }),
};

interface Sketch {
  readonly operators?: number;
  readonly tensors?: number;
  readonly dimensions?: number;
  readonly metadata?: number;
  readonly metadataBytes?: number;
}

/** Tables are laid out one after the other, with one vtable of eight fields for all; offsets point forwards. */
function tflite({ operators = 1, tensors = 2, dimensions = 2, metadata = 0, metadataBytes = 0 }: Sketch): Uint8Array {
  const size = 10_000 + 40 * (operators + tensors + metadata) + 4 * (operators + 4 * dimensions) + metadataBytes;
  const bytes = new Uint8Array(size + (size % 4));
  const view = new DataView(bytes.buffer);
  bytes.set([0x54, 0x46, 0x4c, 0x33], 4);
  const vtable = 8;
  view.setUint16(vtable, 20, true);
  view.setUint16(vtable + 2, 36, true);
  for (let field = 0; field < 8; field++) view.setUint16(vtable + 4 + 2 * field, 4 + 4 * field, true);
  let at = 32;
  const place = (length: number) => {
    const start = at;
    at += length;
    return start;
  };
  const empty = place(4);
  /** A table whose eight fields are positions of vectors or tables (made later than it), or numbers. */
  const table = (): number => {
    const start = place(36);
    view.setInt32(start, start - vtable, true);
    for (let field = 0; field < 8; field++) view.setUint32(start + 4 + 4 * field, 0, true);
    return start;
  };
  const point = (slot: number, target: number) => view.setUint32(slot, target - slot, true);
  const field = (start: number, index: number, target: number) => point(start + 4 + 4 * index, target);
  const list = (count: number) => {
    const start = place(4 + 4 * count);
    view.setUint32(start, count, true);
    return start;
  };
  const emptyFields = (start: number, fields: readonly number[]) => {
    for (const index of fields) field(start, index, emptyBehind);
  };
  const root = table();
  view.setUint32(0, root, true);
  view.setUint32(empty, 0, true);
  const [codes, graphs, buffers, notes] = [list(1), list(1), list(2), list(metadata)];
  const graph = table();
  const [tensorList, operatorList] = [list(tensors), list(operators)];
  const [tensor, operator, note, code, buffer, data] = [table(), table(), table(), table(), table(), table()];
  const shape = list(dimensions);
  const [zero, one] = [list(1), list(1)];
  view.setInt32(one + 4, 1, true);
  const emptyBehind = list(0);
  const text = place(20);
  view.setUint32(text, 12, true);
  bytes.set(new TextEncoder().encode("movinet.spec"), text + 4);
  const content = place(4 + metadataBytes);
  view.setUint32(content, metadataBytes, true);
  for (const [index, target] of [
    [1, codes],
    [2, graphs],
    [4, buffers],
    [6, notes],
  ] as const)
    field(root, index, target);
  emptyFields(root, [3, 5, 7]);
  point(codes + 4, code);
  emptyFields(code, [1]);
  view.setInt32(code + 4 + 12, 22, true); // RESHAPE
  point(graphs + 4, graph);
  field(graph, 0, tensorList);
  field(graph, 1, zero);
  field(graph, 2, one);
  field(graph, 3, operatorList);
  emptyFields(graph, [4]);
  point(buffers + 4, buffer);
  point(buffers + 8, data);
  emptyFields(buffer, [0]);
  field(data, 0, content);
  for (let i = 0; i < metadata; i++) point(notes + 4 + 4 * i, note);
  field(note, 0, text);
  view.setInt32(note + 8, 1, true);
  for (let i = 0; i < tensors; i++) point(tensorList + 4 + 4 * i, tensor);
  field(tensor, 0, shape);
  emptyFields(tensor, [3]);
  // Its quantization and sparsity are tables without anything in them.
  field(tensor, 4, data);
  field(tensor, 6, data);
  for (let i = 0; i < operators; i++) point(operatorList + 4 + 4 * i, operator);
  field(operator, 1, zero);
  field(operator, 2, emptyBehind);
  field(operator, 4, data);
  return bytes.subarray(0, at);
}

describe.each([
  ["safetensors", safetensorsFiles],
  ["onnx", onnxFiles],
  ["pt", torchFiles],
  ["tar", tarFiles],
  ["tflite", { ...tfliteFiles, "an archive of 4 GB of labels": bomb }],
])("%s", (extension, files) => {
  test.each(Object.entries(files))("%s", async (_, make) => {
    const bytes = make();
    const { outcome, peak } = await read(bytes, `hostile.${extension}`);
    expect(outcome).toMatch(make === bomb ? /^accepted$/ : /^E_MODEL_[A-Z]+$/);
    expect((peak - baseline - bytes.length) / 1e6).toBeLessThan(512);
  });
});

/** A sound model with an archive whose labels say that they unpack to 4 GB. */
function bomb(): Uint8Array {
  const labelled = { ...model, card: { ...model.card, labels: ["a", "b", "c"] } };
  const bytes = Buffer.from(emitTflite(labelled, { form: "official" }));
  for (let at = bytes.indexOf("movinet."); at >= 0; at = bytes.indexOf("movinet.")) bytes.write("strange.", at);
  const entry = bytes.lastIndexOf("PK\x01\x02");
  bytes.writeUInt16LE(8, entry + 10);
  bytes.writeUInt32LE(0xffffffff, entry + 24);
  return new Uint8Array(bytes);
}
