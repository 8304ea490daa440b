import { labelsNamed } from "./known-labels.ts";
import { type OpenedModel, withLabels } from "./labelled.ts";
import type { KeptFile } from "./ledger.ts";
import type { ZooModel } from "./registry.ts";

/** A model under a name of the zoo, with its class names if its file has none. */
export async function withZooLabels(opened: OpenedModel, { labels, classes }: ZooModel): Promise<OpenedModel> {
  if (opened.card.labels !== null || labels === null || opened.spec.classes !== classes) return opened;
  return withLabels(opened, { names: await labelsNamed(labels), warnings: [] });
}

/** A downloaded model, with its origin if its file does not state it: TFLite files have no card. */
export function withOrigin(opened: OpenedModel, model: ZooModel, { url, licence }: KeptFile): OpenedModel {
  const { card, spec } = opened;
  if (card.source !== null) return opened;
  const accuracy = spec.classes === model.classes ? model.accuracy : null;
  return { ...opened, card: { ...card, source: url, licence, accuracy } };
}
