/**
 * TensorFlow Lite Metadata (tflite-support, metadata_schema.fbs 1.1): a flatbuffer that describes the tensors, in the
 * model's metadata, and the file of labels that it names, in a ZIP archive behind the model. Android's and Google's
 * tools read labels and normalisation from there.
 */
import { Builder } from "flatbuffers";
import type { Card } from "../../../model/card.ts";

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
/** Types of files that hold class names. */
export const labelFileTypes: readonly number[] = [axisLabels, valueLabels];

/** Describes the inputs and outputs of a model, in their order; bytes of a picture become 0..1 by `(x − 0) / 255`. */
export function describeTensors(card: Card, inputs: readonly string[], outputs: readonly string[]): Uint8Array {
  const builder = new Builder(4096);
  const table = (count: number, write: () => void) => {
    builder.startObject(count);
    write();
    return builder.endObject();
  };
  const offsets = (list: readonly number[]) => {
    builder.startVector(4, list.length, 4);
    for (const offset of list.toReversed()) builder.addOffset(offset);
    return builder.endVector();
  };
  const floats = (value: number) => {
    builder.startVector(4, 1, 4);
    builder.addFloat32(value);
    return builder.endVector();
  };
  const union = (type: number, value: number) =>
    table(2, () => {
      builder.addFieldInt8(companionFields.union.type, type, 0);
      builder.addFieldOffset(companionFields.union.value, value, 0);
    });

  function image(): { content: number; units: number } {
    const properties = table(2, () => builder.addFieldInt8(companionFields.image.colors, rgb, 0));
    const [mean, std] = [floats(0), floats(255)];
    const options = table(2, () => {
      builder.addFieldOffset(companionFields.normalization.mean, mean, 0);
      builder.addFieldOffset(companionFields.normalization.std, std, 0);
    });
    return { content: union(imageProperties, properties), units: offsets([union(normalizationOptions, options)]) };
  }
  function labels(): number {
    const [name, description] = [builder.createString(labelsFile), builder.createString("a class a line")];
    const file = table(5, () => {
      builder.addFieldOffset(companionFields.file.name, name, 0);
      builder.addFieldOffset(companionFields.file.description, description, 0);
      builder.addFieldInt8(companionFields.file.type, axisLabels, 0);
    });
    return offsets([file]);
  }
  function tensor(name: string): number {
    const text = builder.createString(name);
    const { content, units } = name === "image" ? image() : { content: 0, units: 0 };
    const files = name === "logits" && card.labels !== null ? labels() : 0;
    return table(7, () => {
      builder.addFieldOffset(companionFields.tensor.name, text, 0);
      builder.addFieldOffset(companionFields.tensor.content, content, 0);
      builder.addFieldOffset(companionFields.tensor.units, units, 0);
      builder.addFieldOffset(companionFields.tensor.files, files, 0);
    });
  }

  const [ins, outs] = [offsets(inputs.map(tensor)), offsets(outputs.map(tensor))];
  const subgraph = table(10, () => {
    builder.addFieldOffset(companionFields.subgraph.inputs, ins, 0);
    builder.addFieldOffset(companionFields.subgraph.outputs, outs, 0);
  });
  const subgraphs = offsets([subgraph]);
  const [name, parser] = [builder.createString(card.name), builder.createString("1.0.0")];
  const what = card.source === null ? "MoViNet: actions in videos" : `MoViNet: actions in videos. ${card.source}`;
  const description = builder.createString(what);
  const license = card.licence === null ? 0 : builder.createString(card.licence);
  const root = table(8, () => {
    builder.addFieldOffset(companionFields.model.name, name, 0);
    builder.addFieldOffset(companionFields.model.description, description, 0);
    builder.addFieldOffset(companionFields.model.subgraphs, subgraphs, 0);
    builder.addFieldOffset(companionFields.model.license, license, 0);
    builder.addFieldOffset(companionFields.model.parser, parser, 0);
  });
  builder.finish(root, identifier);
  return builder.asUint8Array();
}

/** The model with its labels behind it, as a ZIP archive of one stored file whose offsets count from the model's start. */
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

/** A header of a ZIP archive: that of the file, or (`offset` not null) its entry in the directory. */
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

function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
