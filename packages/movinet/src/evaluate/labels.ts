import { ModelError } from "../common/errors.ts";
import { listed } from "../common/printable.ts";
import { type Dataset, plainName, type Sample, sameForm } from "../data/dataset.ts";
import type { Model } from "../model/model.ts";
import { dataSetsOf } from "../zoo/known-labels.ts";

/**
 * The samples with their classes as output indexes of the model, matched by name: exactly, or else ignoring case and
 * treating `_`, `-` and repeated spaces as a space, as folders are often named. Throws {@link ModelError}
 * (`E_MODEL_LABELS`) naming the labels that the model lacks, and if a clip has several labels but the model predicts
 * only one.
 */
export function samplesForModel(
  { path, labels }: Pick<Dataset, "path" | "labels">,
  samples: readonly Sample[],
  { card, spec }: Pick<Model, "card" | "spec">,
): readonly Sample[] {
  const refuse = (subject: string, problem: string, remedy: string) =>
    new ModelError({ code: "E_MODEL_LABELS", subject, problem, remedy });
  if (card.labels === null) {
    const [dataSet] = dataSetsOf(spec.classes);
    throw refuse(
      card.name,
      `the names of its ${spec.classes} classes are unknown, so they cannot be matched to the clips' labels`,
      `Pass its class names as labels: a file with one per line${dataSet === undefined ? "" : `, or ${dataSet} if they are the same`}`,
    );
  }
  const several = samples.find(({ classes }) => classes.length > 1);
  if (several && card.output === "softmax") {
    const problem = `${several.name} has several labels, but the classes of ${card.name} are mutually exclusive`;
    throw refuse(path, problem, "Give each clip one label, or use a multi-label model");
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
    const names = `Use the model's labels (${listed(known, 3)})`;
    throw refuse(
      path,
      `the model ${card.name} has no class ${listed(lacking)}`,
      `${names}, or use a model trained on yours`,
    );
  }
  return samples.map((sample) => ({ ...sample, classes: sample.classes.map((index) => found[index] as number) }));
}
