import { ModelError, type Refuse } from "../common/errors.ts";
import { enumerated } from "../common/printable.ts";
import { decodeText, linesOf, strangerToText } from "../common/text.ts";

/** Class names in output order, and what was changed about them, one line each. */
export interface Labels {
  readonly names: readonly string[];
  readonly warnings: readonly string[];
}

/** Size limit of a file of class names, in bytes. */
export const mostLabelBytes = 1_000_000;

/** The error for unusable class names. */
export function labelError(subject: string): Refuse {
  return (problem, remedy, cause) => new ModelError({ code: "E_MODEL_LABELS", subject, problem, remedy, cause });
}

const remedy = "Use a text file with one class name per line, in the order of the model's outputs";

/**
 * Reads class names, one per line: UTF-8, or UTF-16 with a byte order mark; trimmed, in Unicode NFC. Numbers before
 * (or after) all names that count from 0 or 1 are an index, which is removed with a warning. Throws {@link ModelError}
 * (`E_MODEL_LABELS`).
 */
export function parseLabels(bytes: Uint8Array, subject: string): Labels {
  const refuse = labelError(subject);
  if (bytes.length > mostLabelBytes) throw refuse(`it is larger than ${mostLabelBytes} bytes`, remedy);
  const stranger = strangerToText(bytes.subarray(0, 4096));
  if (stranger) throw refuse(stranger.what, stranger.remedy);
  const text = decodeText(bytes, refuse).trimEnd();
  if (text === "") throw refuse("it is empty", remedy);
  if (/^\s*[{[]/.test(text) && isJson(text)) throw refuse("it is JSON, not one name per line", remedy);
  if (/^\s*item\s*\{/.test(text)) throw refuse("it is a TensorFlow label map (.pbtxt), not one name per line", remedy);
  const lines = linesOf(text).map((line) => line.trim().normalize("NFC"));
  const gap = lines.indexOf("");
  if (gap >= 0) throw refuse(`line ${gap + 1} is empty, but every line must name a class`, remedy);
  const { names, warnings } = withoutIndex(lines, refuse);
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  const repeated = twice === undefined ? [] : [`duplicate class name ${JSON.stringify(twice)} in ${subject}`];
  return { names, warnings: [...warnings.map((warning) => `${subject}: ${warning}`), ...repeated] };
}

/** Throws {@link ModelError} (`E_MODEL_LABELS`) if the number of labels differs from the number of classes. */
export function checkLabels(
  labels: readonly string[] | null,
  { classes }: { readonly classes: number },
  subject: string,
): void {
  if (labels === null || labels.length === classes) return;
  const problem = `it has ${labels.length} labels, but the model has ${classes} classes`;
  throw labelError(subject)(problem, "Write one label per line, in the order of the model's outputs");
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

/** A line with an index and a name; the index may be in brackets or quotes. */
const before = /^(?:#|\[|\(|"|')?(\d+)(?:["')\]]*\s*[:;,.)\]\t|=_-]\s*|["')\]]*\s+)(\S.*)$/;
const after = /^(.*[^\s:;,|=])(?:\s*[:;,\t|=]\s*|\s+)["'([#]?(\d+)["')\]]?,?$/;
const heading = /^"?(id|idx|index|no|nr|number|class|label|name)[\s_-]?(id|index|nr|no|number|name)?"?\s*[,;\t|]/i;

/**
 * Handles numbers before or after all names: an index if they count the lines, otherwise part of the names, with a
 * warning.
 */
function withoutIndex(all: readonly string[], refuse: Refuse): Labels {
  const headed = all.length > 2 && heading.test(all[0] as string);
  const lines = headed ? all.slice(1) : all;
  const asTheyAre = { names: all, warnings: [] };
  if (lines.length < 2) return asTheyAre;
  const place = lines.every((line) => before.test(line)) ? "before" : "after";
  const parts = lines.map((line) => (place === "before" ? before.exec(line) : after.exec(line)));
  if (parts.includes(null)) return asTheyAre;
  const [index, name] = place === "before" ? [1, 2] : [2, 1];
  const indexes = parts.map((part) => Number(part?.[index]));
  const names = parts.map((part) => unquoted(part?.[name] as string));
  if (new Set(names).size < new Set(lines).size) return asTheyAre;
  const first = Math.min(...indexes);
  const counts = (list: readonly number[]) => first <= 1 && list.every((index, i) => index === first + i);
  const last = first + lines.length - 1;
  if (counts(indexes)) {
    const head = headed ? " and the heading" : "";
    return { names, warnings: [`ignored the numbers ${first} to ${last} ${place} the names${head}`] };
  }
  if (counts([...indexes].sort((a, b) => a - b))) {
    const problem = `the numbers ${first} to ${last} ${place} its names are not in order`;
    throw refuse(problem, "Sort the lines by number, so that they follow the order of the model's outputs");
  }
  const verb = place === "before" ? "begins" : "ends";
  return { names: all, warnings: [`every line ${verb} with a number, which was kept as part of the name`] };
}

function unquoted(name: string): string {
  const quoted = /^"(.*)",?$/.exec(name)?.[1];
  return quoted === undefined ? name : quoted.replaceAll('""', '"').trim();
}

/** A file that may contain the class names of a model. */
export type LabelCandidate = { readonly name: string } & ({ readonly labels: Labels } | { readonly problem: string });

/** Class names found without being requested; null if none match, which the warnings explain. */
export interface FoundLabels {
  readonly names: readonly string[] | null;
  readonly warnings: readonly string[];
}

const mostListed = 3;

/**
 * The class names of the only candidate with the right number. Identical candidates count as one. `place` is where
 * they were found, as in "next to it".
 */
export function chooseLabels(candidates: readonly LabelCandidate[], classes: number, place: string): FoundLabels {
  const fitting = candidates.flatMap((one) => ("labels" in one && one.labels.names.length === classes ? [one] : []));
  const [first] = fitting;
  const different = new Set(fitting.map(({ labels }) => labels.names.join("\n")));
  if (first && different.size === 1) return first.labels;
  if (first) {
    const names = fitting.map(({ name }) => name);
    const problem = `${enumerated(names, mostListed)} ${place} each list ${classes} class names but disagree, so none was used`;
    return { names: null, warnings: [`${problem}: choose a label file`] };
  }
  const reasons = candidates.slice(0, mostListed).map((one) => {
    const problem =
      "problem" in one ? one.problem : `it has ${one.labels.names.length} names, but the model has ${classes} classes`;
    return `ignored ${one.name} ${place}: ${problem}`;
  });
  const more = candidates.length - reasons.length;
  return { names: null, warnings: more > 0 ? [...reasons, `ignored ${more} more label files ${place}`] : reasons };
}
