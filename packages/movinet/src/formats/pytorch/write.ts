import { buildGraph } from "../../arch/build.ts";
import type { Spec } from "../../arch/spec.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { metadataTexts } from "../../model/metadata.ts";
import type { Model } from "../../model/model.ts";
import { optionTitles, weightsOf } from "../weights/infer.ts";
import { batchCount, portName, pytorchPort, toPort } from "../weights/origins/pytorch.ts";
import { type FoundTensor, factored } from "../weights/tensors.ts";
import { type FileToStore, writeArchive } from "../zip.ts";
import { records } from "./archive.ts";
import { PickleWriter } from "./pickle-writer.ts";

/**
 * The bytes of a PyTorch file: a state dict with the names of the public PyTorch port, readable by `torch.load(…,
 * weights_only=True)`. Spec, card and `receipt` are separate records in the archive, which PyTorch ignores.
 */
export function writePytorch(model: Model, receipt?: string): Uint8Array {
  const { spec, weights } = factoredModel(model);
  const pickle = new PickleWriter();
  const storages: Uint8Array[] = [];
  const put = (key: string, type: "FloatStorage" | "LongStorage", shape: readonly number[], content: Uint8Array) => {
    pickle.tensor(key, { type, key: String(storages.length), shape });
    storages.push(content);
  };
  for (const own of Object.keys(buildGraph(spec, { form: "clip", frames: 1 }).params)) {
    const { shape, data } = toPort(own, weights.get(own) as Tensor);
    const name = portName(own, spec);
    put(name, "FloatStorage", shape, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    // A norm stores the number of batches behind its statistics: unknown, so zero.
    if (own.endsWith(".norm.variance"))
      put(`${name.slice(0, name.lastIndexOf(".") + 1)}${batchCount}`, "LongStorage", [], new Uint8Array(8));
  }
  const text = new TextEncoder();
  const texts = Object.entries(metadataTexts({ spec, card: model.card }, null, receipt));
  const files: readonly (readonly [name: string, content: Uint8Array])[] = [
    [records.pickle, pickle.finish()],
    [records.byteOrder, text.encode("little")],
    ...storages.map((content, key) => [`${records.storages}${key}`, content] as const),
    [records.version, text.encode("3\n")],
    ...texts.map(([name, content]) => [records.texts + name, text.encode(content)] as const),
  ];
  return writeArchive(
    files.map(([name, content]): FileToStore => ({ name: `archive/${name}`, content })),
    alignment,
  );
}

/** The version of storages, as in `torch.save`. */
const alignment = 64;

/** The network as in the port: its (2+1)-D convolutions have two axes. */
function factoredModel({ spec, weights }: Model): Pick<Model, "spec" | "weights"> {
  if (spec.convType !== "3d_2plus1d") return { spec, weights };
  const found = [...weights].map(([name, { shape, data }]): [string, FoundTensor] => [
    name,
    { shape, values: () => data },
  ]);
  return { spec: { ...spec, convType: "2plus1d" }, weights: weightsOf(factored(new Map(found))) };
}

/**
 * Where the public PyTorch port builds a different network from the same weights, in words. Our file has all weights
 * nevertheless.
 */
export function differencesOfPort(spec: Spec): readonly string[] {
  const theirs = pytorchPort.untold({ mode: spec.mode, convType: spec.convType === "3d" ? "3d" : "2plus1d" });
  const option = (what: string, name: keyof typeof theirs) =>
    spec[name] === theirs[name] ? [] : [`${what} ${optionTitles[theirs[name]]} instead of ${optionTitles[spec[name]]}`];
  const squeeze = spec.mode === "stream" ? "2plus3d" : "3d";
  return [
    ...(spec.squeezeExcite === squeeze ? [] : [`squeeze-and-excitation ${squeeze} instead of ${spec.squeezeExcite}`]),
    ...(spec.squeezeExcite === "none" ? [] : option("gate", "gate")),
    ...option("activation", "activation"),
    ...option("classifier activation", "classifierActivation"),
    ...(spec.positionalEncoding ? ["no positional encoding"] : []),
    ...(/^a[0-5]$/.test(spec.variant) ? [] : [`no variant ${spec.variant.toUpperCase()}`]),
  ];
}
