import { ModelError } from "../common/errors.ts";
import { listed } from "../common/printable.ts";
import { type Dataset, plainName, type Sample, sameForm } from "../data/dataset.ts";
import type { Model } from "../model/model.ts";
import { dataSetsOf } from "../zoo/known-labels.ts";

/**
 * The samples with their classes as output indexes of the model, which are found by name: as it is, or else without
 * regard to case and to `_`, `-` or several spaces for a space, as folders are often named.
 * Throws {@link ModelError} (`E_MODEL_LABELS`) naming the labels that the model lacks, and where a clip has several
 * labels of which the model can only give one.
 */
export function samplesForModel(
  { path, labels }: Pick<Dataset, "path" | "labels">,
  samples: readonly Sample[],
  { card, spec }: Pick<Model, "card" | "spec">,
): readonly Sample[] {
  if (card.labels === null) {
    const [dataSet] = dataSetsOf(spec.classes);
    throw new ModelError({
      code: "E_MODEL_LABELS",
      subject: card.name,
      problem: `nobody knows the names of its ${spec.classes} classes, so they cannot be matched with the clips' labels`,
      remedy: `Give its class names as labels: a file with one a line${dataSet === undefined ? "" : `, or ${dataSet} if they are those`}`,
    });
  }
  const several = samples.find(({ classes }) => classes.length > 1);
  if (several && card.output === "softmax") {
    throw new ModelError({
      code: "E_MODEL_LABELS",
      subject: path,
      problem: `${several.name} has several labels, but the classes of the model ${card.name} exclude each other`,
      remedy: "Give each clip one label, or a model that was trained on several",
    });
  }
  const known = card.labels;
  const forms = known.map(sameForm);
  const plain = new Map<string, number | null>();
  for (const [index, label] of known.entries()) plain.set(plainName(label), plain.has(plainName(label)) ? null : index);
  const found = labels.map((label) => {
    const exact = forms.indexOf(sameForm(label));
    return exact >= 0 ? exact : (plain.get(plainName(label)) ?? null);
  });
  const used = [...new Set(samples.flatMap(({ classes }) => classes))].sort((a, b) => a - b);
  const lacking = used.filter((index) => found[index] === null).map((index) => JSON.stringify(labels[index]));
  if (lacking.length > 0) {
    throw new ModelError({
      code: "E_MODEL_LABELS",
      subject: path,
      problem: `the model ${card.name} has no class ${listed(lacking)}`,
      remedy: `Name the clips' labels as the model does (${some(known)}), or give a model that was trained on them`,
    });
  }
  return samples.map((sample) => ({ ...sample, classes: sample.classes.map((index) => found[index] as number) }));
}

function some(labels: readonly string[]): string {
  return listed(labels, 3);
}
