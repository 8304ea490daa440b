/**
 * TensorFlow Lite Metadata (tflite-support, metadata_schema.fbs 1.1): a flatbuffer that describes the tensors, in the
 * model's metadata, and its label file, in a ZIP archive after the model. Android's and Google's tools read labels and
 * normalization from there.
 */
import { crc32 } from "../../../common/crc.ts";
import type { Card } from "../../../model/card.ts";
import { FlatWriter } from "./flat-writer.ts";

/** Its name in the model's metadata. */
export const companionName = "TFLITE_METADATA";
const labelsFile = "labels.txt";
const identifier = "M001";
/** Numbers of the fields that are written or read. */
export const companionFields = {
  model: { name: 0, description: 1, subgraphs: 3, license: 5, parser: 7 },
  subgraph: { inputs: 2, outputs: 3 },
  tensor: { name: 0, description: 1, content: 3, units: 4, files: 6 },
  union: { type: 0, value: 1 },
  image: { colors: 0 },
  normalization: { mean: 0, std: 1 },
  file: { name: 0, description: 1, type: 2, locale: 3 },
} as const;
const imageProperties = 2;
const rgb = 1;
const normalizationOptions = 1;
const [axisLabels, valueLabels] = [2, 3] as const;
/** Types of files with class names. */
export const labelFileTypes: readonly number[] = [axisLabels, valueLabels];

/** Describes the inputs and outputs of a model, in order; bytes of a picture become 0..1 by `(x − 0) / 255`. */
export function describeTensors(card: Card, inputs: readonly string[], outputs: readonly string[]): Uint8Array {
  const out = new FlatWriter(4096);
  const { model, subgraph, tensor, union, image, normalization, file } = companionFields;
  const tagged = (type: number, value: number) => out.table(union, { type: out.byte(type), value: out.ref(value) });

  function describePicture() {
    const properties = out.table(image, { colors: out.byte(rgb) });
    const options = out.table(normalization, { mean: out.floats([0]), std: out.floats([255]) });
    return {
      content: out.ref(tagged(imageProperties, properties)),
      units: out.tables([tagged(normalizationOptions, options)]),
    };
  }
  function describeLabels() {
    const labels = out.table(file, {
      name: out.text(labelsFile),
      description: out.text("one class per line"),
      type: out.byte(axisLabels),
    });
    return { files: out.tables([labels]) };
  }
  const describe = (name: string) =>
    out.table(tensor, {
      name: out.text(name),
      ...(name === "image" ? describePicture() : {}),
      ...(name === "logits" && card.labels !== null ? describeLabels() : {}),
    });

  const subgraphs = out.tables([
    out.table(subgraph, { inputs: out.tables(inputs.map(describe)), outputs: out.tables(outputs.map(describe)) }),
  ]);
  const what = "MoViNet: actions in videos";
  const root = out.table(model, {
    subgraphs,
    name: out.text(card.name),
    parser: out.text("1.0.0"),
    description: out.text(card.source === null ? what : `${what}. ${card.source}`),
    license: card.licence === null ? undefined : out.text(card.licence),
  });
  return out.finish(root, identifier);
}

/**
 * The model followed by its labels, as a ZIP archive of one uncompressed file whose offsets count from the model's
 * start.
 */
export function appendLabels(model: Uint8Array, labels: readonly string[]): Uint8Array {
  const text = new TextEncoder();
  const data = text.encode(labels.map((label) => `${label.replace(/\s+/g, " ")}\n`).join(""));
  const name = text.encode(labelsFile);
  const common = [20, 0, 0, 0x00210000, crc32(data), data.length, data.length] as const;
  const local = record(0x04034b50, name, common, null);
  const central = record(0x02014b50, name, common, model.length);
  const end = new DataView(new ArrayBuffer(22));
  const at = model.length + local.length + data.length;
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, 1, true);
  end.setUint16(10, 1, true);
  end.setUint32(12, central.length, true);
  end.setUint32(16, at, true);
  const file = new Uint8Array(at + central.length + end.byteLength);
  let place = 0;
  for (const part of [model, local, data, central, new Uint8Array(end.buffer)]) {
    file.set(part, place);
    place += part.length;
  }
  return file;
}

/** A header of a ZIP archive: that of the file, or (`offset` not null) its directory entry. */
function record(
  signature: number,
  name: Uint8Array,
  [version, flags, method, time, crc, packed, size]: readonly [number, number, number, number, number, number, number],
  offset: number | null,
): Uint8Array {
  const fixed = offset === null ? 30 : 46;
  const bytes = new Uint8Array(fixed + name.length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const put16 = (value: number) => {
    view.setUint16(at, value, true);
    at += 2;
  };
  const put32 = (value: number) => {
    view.setUint32(at, value, true);
    at += 4;
  };
  put32(signature);
  if (offset !== null) put16(version);
  put16(version);
  put16(flags);
  put16(method);
  for (const value of [time, crc, packed, size]) put32(value);
  put16(name.length);
  if (offset !== null) view.setUint32(42, offset, true);
  bytes.set(name, fixed);
  return bytes;
}
