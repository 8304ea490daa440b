/** Spec and card as stored in a file: JSON from untrusted sources. */

import { headNames } from "../arch/heads.ts";
import type { Spec } from "../arch/spec.ts";
import { ModelError } from "../common/errors.ts";
import { parseJson } from "../common/text.ts";
import type { Graph } from "../graph/ir.ts";
import type { Integers } from "../graph/quantize.ts";
import type { Card } from "./card.ts";
import { checkCard, checkSize, limits } from "./limits.ts";
import type { Model } from "./model.ts";

type Check = (value: unknown) => boolean;
type Fields<T> = { readonly [Key in keyof T]-?: Check };

const text: Check = (value) => typeof value === "string";
const flag: Check = (value) => typeof value === "boolean";
const countTo =
  (most: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
const [width, side, frameCount] = [countTo(limits.width), countTo(limits.side), countTo(limits.frames)];
const positive: Check = (value) => Number.isFinite(value) && (value as number) > 0;
const rate: Check = (value) => positive(value) && (value as number) <= limits.fps;
const share: Check = (value) => Number.isFinite(value) && (value as number) >= 0 && (value as number) <= 1;
const oneOf =
  (...allowed: readonly unknown[]): Check =>
  (value) =>
    allowed.includes(value);
const nullOr =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const list =
  (check: Check, least: number): Check =>
  (value) =>
    Array.isArray(value) && value.length >= least && value.every(check);
const record =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    wrongFields(value, fields).length === 0;

function wrongFields(value: unknown, fields: Readonly<Record<string, Check>>): readonly string[] {
  if (typeof value !== "object" || value === null) return Object.keys(fields);
  const given = value as Readonly<Record<string, unknown>>;
  return Object.keys(fields).filter((name) => !fields[name]?.(given[name]));
}

const isRange: Check = (value) =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] <= value[1];

const activation = oneOf("swish", "hard_swish", "relu6");
const kernelSize = oneOf(1, 3, 5, 7);

const specFields: Fields<Spec> = {
  variant: text,
  mode: oneOf("base", "stream"),
  stem: width,
  blocks: list(
    record({
      filters: width,
      stride: oneOf(1, 2),
      layers: list(record({ expand: width, kernel: record({ time: kernelSize, space: kernelSize }) }), 1),
    }),
    1,
  ),
  head: width,
  hidden: width,
  convType: oneOf("3d", "2plus1d", "3d_2plus1d"),
  squeezeExcite: oneOf("none", "2d", "3d", "2plus3d"),
  activation,
  gate: oneOf("sigmoid", "hard_sigmoid_a", "hard_sigmoid_b"),
  classifierActivation: activation,
  positionalEncoding: flag,
  classes: countTo(limits.classes),
  resolution: record({ height: side, width: side }),
  heads: (value) => value === undefined || list(oneOf(...headNames), 1)(value),
};

const cardFields: Fields<Card> = {
  name: text,
  labels: nullOr(list(text, 0)),
  input: record({ width: side, height: side, fit: oneOf("squash", "crop") }),
  fps: rate,
  frames: nullOr(frameCount),
  output: oneOf("softmax", "sigmoid"),
  source: nullOr(text),
  licence: nullOr(text),
  accuracy: nullOr(record({ dataset: text, top1: share, top5: nullOr(share) })),
  temperature: nullOr(positive),
  learned: nullOr(record({ files: list(text, 0), groups: list(text, 0) })),
};

const isTable = (value: unknown, check: Check) =>
  typeof value === "object" && value !== null && Object.values(value).every(check);

const integerFields: Fields<Integers> = {
  ranges: (value) => isTable(value, isRange),
  floats: list(text, 0),
  steps: oneOf(undefined, "converter"),
  doubt: (value) => value === undefined || text(value),
  biases: (value) => value === undefined || isTable(value, (channels) => isTable(channels, Number.isSafeInteger)),
};

/** Fields that are omitted if null, and missing in older files. */
const laterFields = { temperature: null, learned: null } as const satisfies Partial<Card>;

/** A file's description of a model, as texts by name; `facts` say how a file of another format was written. */
export function metadataTexts(
  { spec, card, integers }: Pick<Model, "spec" | "card" | "integers">,
  facts: ExportFacts<string, string> | null,
  receipt: string | undefined,
): Record<string, string> {
  return {
    "movinet.spec": JSON.stringify(spec),
    "movinet.card": cardText(card),
    ...(integers && { "movinet.integers": JSON.stringify(integers) }),
    ...(facts && { "movinet.export": JSON.stringify(facts) }),
    ...(receipt !== undefined && { "movinet.receipt": receipt }),
  };
}

function cardText(card: Card): string {
  const isDefault = (name: string, value: unknown) => value === null && Object.hasOwn(laterFields, name);
  return JSON.stringify(Object.fromEntries(Object.entries(card).filter(([name, value]) => !isDefault(name, value))));
}

/**
 * Reads the spec and card in a file's metadata. Throws {@link ModelError} (`E_MODEL_FORMAT`) naming every invalid
 * field.
 */
export function readMetadata(
  metadata: Readonly<Record<string, string>>,
  subject: string,
): Pick<Model, "spec" | "card" | "integers"> {
  const own = {
    spec: readJson<Spec>(metadata, "movinet.spec", specFields, subject),
    card: readCard(metadata, subject),
  };
  if (metadata["movinet.integers"] === undefined) return own;
  return { ...own, integers: readJson<Integers>(metadata, "movinet.integers", integerFields, subject) };
}

/** The card alone. Throws {@link ModelError} (`E_MODEL_FORMAT`) naming every invalid field. */
export function readCard(metadata: Readonly<Record<string, string>>, subject: string): Card {
  return readJson<Card>(metadata, "movinet.card", cardFields, subject, laterFields);
}

function readJson<T>(
  metadata: Readonly<Record<string, string>>,
  key: string,
  fields: Readonly<Record<string, Check>>,
  subject: string,
  defaults: Partial<T> = {},
): T {
  const remedy = "Use an unmodified file written by movinet, or a MoViNet .tflite file";
  let value: unknown = null;
  try {
    value = parseJson(metadata[key] ?? "null");
  } catch {}
  if (typeof value !== "object" || value === null) {
    throw new ModelError({ code: "E_MODEL_FORMAT", subject, problem: `its metadata has no ${key}`, remedy });
  }
  const whole = { ...defaults, ...value };
  const wrong = wrongFields(whole, fields);
  if (wrong.length === 0) return whole as T;
  const problem = `in its ${key}, ${wrong.join(", ")} ${wrong.length === 1 ? "is" : "are"} missing or out of range`;
  throw new ModelError({ code: "E_MODEL_FORMAT", subject, problem, remedy });
}

/** How one of our files was written. */
export interface ExportFacts<Form extends string, Precision extends string> {
  readonly form: Form;
  readonly dtype: Precision;
  /** Per call. */
  readonly frames: number;
}

/**
 * The network described by a file in one of these forms and precisions, and the graph of a whole-clip call of one
 * frame. Throws {@link ModelError} (`E_MODEL_FORMAT`).
 */
export function readOwn<Form extends string, Precision extends string>(
  metadata: Readonly<Record<string, string>>,
  { forms, precisions }: { readonly forms: readonly Form[]; readonly precisions: readonly Precision[] },
  subject: string,
): Pick<Model, "spec" | "card" | "integers"> & { facts: ExportFacts<Form, Precision>; graph: Graph } {
  const { spec, card, ...rest } = readMetadata(metadata, subject);
  const fields = { form: oneOf(...forms), dtype: oneOf(...precisions), frames: frameCount };
  const facts = readJson<ExportFacts<Form, Precision>>(metadata, "movinet.export", fields, subject);
  const graph = checkSize(spec, facts.frames, subject);
  checkCard(card, spec, subject);
  return { spec, card, ...rest, facts, graph };
}
