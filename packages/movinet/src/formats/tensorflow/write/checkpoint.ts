import { type Spec, stagesOf } from "../../../arch/spec.ts";
import { variants } from "../../../arch/variants.ts";
import { ModelError } from "../../../common/errors.ts";
import { metadataTexts } from "../../../model/metadata.ts";
import type { Model } from "../../../model/model.ts";
import { optionTitles } from "../../weights/infer.ts";
import { type LayerKind, objectPaths } from "../../weights/origins/tensorflow.ts";
import { objectGraphKey, shardEnding, valueSuffix } from "../bundle-layout.ts";
import { type Value, writeBundle } from "./bundle.ts";
import { TrackedObject } from "./object-graph.ts";

/** Extensions of the two files of a checkpoint: the index, and the values. */
export const checkpointEndings = { index: ".index", values: shardEnding(0, 1) } as const;

/**
 * A model as a TensorFlow checkpoint, its files by extension ({@link checkpointEndings}). The official code restores
 * it as `tf.train.Checkpoint(model=…)` or `tf.train.Checkpoint(backbone=…)`. Spec, card and `receipt` are stored as
 * strings that no Python object uses. Throws {@link ModelError} (`E_MODEL_EXPORT`) for a network that the official
 * code does not have.
 */
export function writeCheckpoint(model: Model, receipt?: string): ReadonlyMap<string, Uint8Array> {
  const { spec, weights, card } = model;
  const root = new TrackedObject();
  const values = new Map<string, Value>();
  const add = (path: readonly string[], fullName: string, value: Value) => {
    const key = `${path.join("/")}${valueSuffix}`;
    root.at(path).become({ fullName, key });
    values.set(key, value);
  };
  const written = new Set<string>();
  for (const { kind, owner, at } of layersOf(model)) {
    for (const [name, path] of objectPaths(kind, spec.convType === "2plus1d")) {
      const tensor = weights.get(owner + name);
      if (tensor === undefined) continue;
      written.add(owner + name);
      add(
        [...at, ...path],
        [owner === "" ? kind : owner.replace(/\.(?=layer)/, "_").slice(0, -1), ...path].join("/"),
        tensor,
      );
    }
  }
  const [left] = [...weights.keys()].filter((name) => !written.has(name));
  if (left !== undefined) {
    throw new ModelError({
      code: "E_MODEL_EXPORT",
      subject: card.name,
      problem: `the official code has no place for its ${left}`,
      remedy: "Write it as .safetensors",
    });
  }
  root.at(["model"]).hold("_backbone", root.at(backbone));
  root.hold("backbone", root.at(backbone));
  // The counter of tf.train.Checkpoint, which it looks for when restoring.
  add(["save_counter"], "save_counter", { count: 1n });
  const encoder = new TextEncoder();
  for (const [key, text] of Object.entries(metadataTexts({ spec: model.spec, card: model.card }, null, receipt)))
    values.set(key, { text: encoder.encode(text) });
  values.set(objectGraphKey, { text: root.bytes() });
  const { index, data } = writeBundle(values);
  return new Map([
    [checkpointEndings.index, index],
    [checkpointEndings.values, data],
  ]);
}

/** What the current official code uses instead, whatever its options. */
export function differencesOfOfficial({ squeezeExcite, gate, variant, ...spec }: Spec): readonly string[] {
  const { hard_sigmoid_b: theirs, hard_sigmoid_a: ours } = optionTitles;
  const layers = ({ stem, blocks, head, hidden }: VariantSpec) => JSON.stringify([stem, blocks, head, hidden]);
  const isFamily = Object.values(variants).some((official) => layers(official) === layers(spec));
  return [
    ...(squeezeExcite !== "none" && gate === "hard_sigmoid_a" ? [`gate ${theirs} instead of ${ours}`] : []),
    ...(isFamily ? [] : [`no ${variant} with these layers`]),
  ];
}

type VariantSpec = Pick<Spec, "stem" | "blocks" | "head" | "hidden">;

const backbone = ["model", "layer_with_weights-0"];

/** The layers of a model in Keras's order, those of the backbone first. */
function layersOf({ spec }: Model): readonly { kind: LayerKind; owner: string; at: readonly string[] }[] {
  const blocks = stagesOf(spec)
    .slice(1, 1 + spec.blocks.length)
    .flat();
  const inBackbone = [
    { kind: "stem" as const, owner: "" },
    ...blocks.map((name) => ({ kind: "block" as const, owner: `${name}.` })),
    { kind: "head" as const, owner: "" },
  ];
  return [
    ...inBackbone.map((layer, i) => ({ ...layer, at: [...backbone, `layer_with_weights-${i}`] })),
    { kind: "classifier", owner: "", at: ["model", "layer_with_weights-1"] },
  ];
}
