/** `movinet train --config FILE`: repeats a training from the `config.json` of its run. */
import { createHash } from "node:crypto";
import { type Begun, differenceOf } from "movinet/train";
import { keptText } from "../files.ts";
import { dashed, type Option, type Options, optionText } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";
import { version } from "../version.ts";
import type { RunChoices, RunConfig } from "./run-folder.ts";

/** A training to repeat. */
export interface Repeated {
  readonly file: string;
  readonly given: Readonly<Record<string, unknown>>;
  /** What the file says of the run; null where it holds settings alone. */
  readonly before: Pick<RunConfig, "version" | "begun" | "model"> | null;
}

const topKeys: readonly string[] = ["version", "given", "decided", "begun", "model"] satisfies (keyof RunConfig)[];

/**
 * Reads a run's config. `options` are those of the command: they read the values of `given` as they read the command line.
 * Throws a {@link UsageError} for an unknown key or a wrong value.
 */
export async function readRepeated(file: string, options: Options): Promise<Repeated> {
  const refuse = (problem: string) => new UsageError(file, problem, "Give the config.json of a run");
  const text = await keptText(file);
  if (text === null) throw refuse("cannot be read");
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    throw refuse("is not JSON");
  }
  if (!isRecord(config) || !isRecord(config["given"])) throw refuse('has no "given" object');
  refuseUnknown(file, config, topKeys);
  const known = Object.keys(options).filter((name) => !["out", "resume", "config"].includes(name));
  refuseUnknown(file, config["given"], known, "given.");
  const given = Object.fromEntries(
    Object.entries(config["given"]).map(([name, value]) => [name, readValue(file, name, value, options[name])]),
  );
  if (config["begun"] === undefined) return { file, given, before: null };
  const { begun, version, model } = config;
  if (!isBegun(begun)) throw refuse('has a damaged "begun"');
  return { file, given, before: { begun, version: textOrNull(version) ?? "unknown", model: textOrNull(model) } };
}

function refuseUnknown(file: string, record: object, known: readonly string[], within = ""): void {
  const unknown = Object.keys(record).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new UsageError(file, `unknown key "${within}${unknown}"`, `Known keys: ${known.join(", ")}`);
}

/** A value as the command line would give it. */
function readValue(file: string, name: string, value: unknown, option: Option<unknown> | undefined): unknown {
  const blocks = isRecord(value) && Object.keys(value).join() === "lastBlocks" ? value["lastBlocks"] : value;
  const where = `${file}: given.${name}`;
  const refuse = (rule: string) => new UsageError(where, `must be ${rule}, got ${JSON.stringify(value)}`);
  if (blocks === null || option === undefined) return null;
  if (!["string", "number", "boolean"].includes(typeof blocks)) {
    throw new UsageError(where, "must be a string, a number, true, false or null");
  }
  if ((option.kind === "flag") !== (typeof blocks === "boolean")) {
    throw refuse(option.kind === "flag" ? "true, false or null" : "a value or null");
  }
  return name === "dataset" ? String(blocks) : option.read([String(blocks)], where);
}

/**
 * The settings of a training: those of the file, with what the command line gives in their place, and a line for each of
 * these.
 */
export function override(repeated: Repeated, given: Readonly<Record<string, unknown>>) {
  const settings: Record<string, unknown> = { ...repeated.given };
  const changes: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    settings[name] ??= null;
    if (value === null || value === undefined) continue;
    const before = settings[name] ?? null;
    if (JSON.stringify(before) === JSON.stringify(value)) continue;
    settings[name] = value;
    const was = before === null ? "chosen automatically" : shown(before);
    const option = name === "dataset" ? `dataset ${shown(value)}` : optionText(name, shownValue(value));
    changes.push(`${option} (was ${before === false ? `--no-${dashed(name)}` : was})`);
  }
  return { settings: settings as Partial<RunChoices>, changes };
}

function shownValue(value: unknown): string | boolean {
  return typeof value === "boolean" ? value : shown(value);
}

function shown(value: unknown): string {
  return isRecord(value) ? String(value["lastBlocks"]) : String(value);
}

/** What a repeated training compares with the run that it repeats. */
export interface Repetition extends Repeated {
  /** What the command line changes. */
  readonly changes: readonly string[];
}

/** Reports what differs from the run before; true where nothing does, so that the model must be the same. */
export function reportChanges({ file, before, changes }: Repetition, begun: Begun, terminal: Terminal): boolean {
  if (changes.length > 0) terminal.note(`${file}: repeated with ${changes.join(", ")}`);
  if (before === null) return false;
  const difference = differenceOf(before.begun, begun);
  const problems = [
    ...(before.version === version ? [] : [`written by movinet ${before.version}; this is ${version}`]),
    ...(difference === null ? [] : [difference]),
  ];
  for (const problem of problems) terminal.warning(`${file}: ${problem}. The model will not be the same.`);
  return problems.length === 0 && changes.length === 0;
}

/** Reports whether the model equals that of the run before. */
export function reportRepeated({ file, before }: Repetition, model: Uint8Array, terminal: Terminal): void {
  if (before?.model === sha256(model)) terminal.note(`The model equals that of ${file}, bit for bit.`);
  else if (before?.model) {
    terminal.warning(
      `${file}: the model differs, although clips, settings and weights are the same. A different processor, Node or ONNX Runtime can cause that.`,
    );
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isBegun(value: unknown): value is Begun {
  if (!isRecord(value) || typeof value["model"] !== "string") return false;
  const { classes, clips } = value;
  const areTexts = (list: unknown) => Array.isArray(list) && list.every((one) => typeof one === "string");
  if (!areTexts(classes) || !Array.isArray(clips)) return false;
  const isTime = (time: unknown) => time === null || typeof time === "number";
  return clips.every((clip) => {
    if (!isRecord(clip)) return false;
    const { name, labels, start, end } = clip;
    return typeof name === "string" && areTexts(labels) && isTime(start) && isTime(end);
  });
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
