import { ModelError, type Refuse } from "../common/errors.ts";
import { enumerated } from "../common/printable.ts";
import { decodeText, linesOf, strangerToText } from "../common/text.ts";

/** Class names in output order, and what was changed about them, each in one line. */
export interface Labels {
  readonly names: readonly string[];
  readonly warnings: readonly string[];
}

/** The most bytes of a file of class names. */
export const mostLabelBytes = 1_000_000;

/** The error about class names that cannot be used. */
export function labelError(subject: string): Refuse {
  return (problem, remedy, cause) => new ModelError({ code: "E_MODEL_LABELS", subject, problem, remedy, cause });
}

const remedy = "Give a text file with one class name a line, in the order of the model's outputs";

/**
 * Reads class names, one a line: UTF-8, or UTF-16 with a byte order mark; trimmed, in Unicode NFC. Numbers before (or after) all
 * names that count from 0 or 1 are an index, which is left out with a warning. Throws {@link ModelError} (`E_MODEL_LABELS`).
 */
export function parseLabels(bytes: Uint8Array, subject: string): Labels {
  const refuse = labelError(subject);
  if (bytes.length > mostLabelBytes) throw refuse(`it has more than ${mostLabelBytes} bytes`, remedy);
  const stranger = strangerToText(bytes.subarray(0, 4096));
  if (stranger) throw refuse(stranger.what, stranger.remedy);
  const text = decodeText(bytes, refuse).trimEnd();
  if (text === "") throw refuse("it is empty", remedy);
  if (/^\s*[{[]/.test(text) && isJson(text)) throw refuse("it is JSON, not a name a line", remedy);
  if (/^\s*item\s*\{/.test(text)) throw refuse("it is a label map of TensorFlow (.pbtxt), not a name a line", remedy);
  const lines = linesOf(text).map((line) => line.trim().normalize("NFC"));
  const gap = lines.indexOf("");
  if (gap >= 0) throw refuse(`its line ${gap + 1} is empty, but each line names a class`, remedy);
  const { names, warnings } = withoutIndex(lines, refuse);
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  const repeated = twice === undefined ? [] : [`more than one class is called ${JSON.stringify(twice)} in ${subject}`];
  return { names, warnings: [...warnings.map((warning) => `${subject}: ${warning}`), ...repeated] };
}

/** Throws {@link ModelError} (`E_MODEL_LABELS`) when the number of labels is not the number of classes. */
export function checkLabels(
  labels: readonly string[] | null,
  { classes }: { readonly classes: number },
  subject: string,
): void {
  if (labels === null || labels.length === classes) return;
  const problem = `it has ${labels.length} labels, but the model has ${classes} classes`;
  throw labelError(subject)(problem, "Give one label a line, in the order of the model's outputs");
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

/** A line of an index and a name; the index may stand in brackets or quotes. */
const before = /^(?:#|\[|\(|"|')?(\d+)(?:["')\]]*\s*[:;,.)\]\t|=_-]\s*|["')\]]*\s+)(\S.*)$/;
const after = /^(.*[^\s:;,|=])(?:\s*[:;,\t|=]\s*|\s+)["'([#]?(\d+)["')\]]?,?$/;
const heading = /^"?(id|idx|index|no|nr|number|class|label|name)[\s_-]?(id|index|nr|no|number|name)?"?\s*[,;\t|]/i;

/** Numbers before or after all names: an index where they count the lines, else a part of the names that is told of. */
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
    return { names, warnings: [`the numbers ${first} to ${last} ${place} the names${head} are left out`] };
  }
  if (counts([...indexes].sort((a, b) => a - b))) {
    const problem = `the numbers ${first} to ${last} stand ${place} its names, but not in order`;
    throw refuse(problem, "Sort the lines by number, so that they stand in the order of the model's outputs");
  }
  const verb = place === "before" ? "begins" : "ends";
  return { names: all, warnings: [`every line ${verb} with a number, which is taken as a part of the name`] };
}

function unquoted(name: string): string {
  const quoted = /^"(.*)",?$/.exec(name)?.[1];
  return quoted === undefined ? name : quoted.replaceAll('""', '"').trim();
}

/** A file that may hold the class names of a model. */
export type LabelCandidate = { readonly name: string } & ({ readonly labels: Labels } | { readonly problem: string });

/** Class names that nobody has named, but that were found; null where none fits, which the warnings explain. */
export interface FoundLabels {
  readonly names: readonly string[] | null;
  readonly warnings: readonly string[];
}

const mostTold = 3;

/**
 * The class names of the one candidate that has as many as there are classes. Candidates that say the same count as one.
 * `place` is where they were found, as in "beside it".
 */
export function chooseLabels(candidates: readonly LabelCandidate[], classes: number, place: string): FoundLabels {
  const fitting = candidates.flatMap((one) => ("labels" in one && one.labels.names.length === classes ? [one] : []));
  const [first] = fitting;
  const different = new Set(fitting.map(({ labels }) => labels.names.join("\n")));
  if (first && different.size === 1) return first.labels;
  if (first) {
    const names = fitting.map(({ name }) => name);
    const problem = `${enumerated(names, mostTold)} ${place} all have a name for each of its ${classes} classes, but not the same ones, so none is used`;
    return { names: null, warnings: [`${problem}: say which file of labels is right`] };
  }
  const reasons = candidates.slice(0, mostTold).map((one) => {
    const problem = "problem" in one ? one.problem : `it has ${one.labels.names.length} names for ${classes} classes`;
    return `${one.name} ${place} is not used: ${problem}`;
  });
  const more = candidates.length - reasons.length;
  return { names: null, warnings: more > 0 ? [...reasons, `nor are ${more} more files of labels ${place}`] : reasons };
}
