import {
  type Agreement,
  columnPercents,
  type Evaluation,
  headline,
  meanText,
  percent,
  perfectText,
  starText,
  verdict,
} from "movinet/train";
import { columnsOf, fitText, painter, textWidth, wrap } from "./text.ts";

type ClassMeasures = Evaluation["perClass"][number];

const mostClasses = 40;

/**
 * What was found as lines of at most `width` cells (60 where it is less), without a closing newline; of clips that the
 * model has learned from no measures.
 */
export function renderEvaluation(
  evaluation: Evaluation,
  agreement: Agreement | null,
  { width, room, color }: { width: number; room: number; color: boolean },
): string {
  const columns = columnsOf({ width });
  const paint = painter(color);
  const head = wrap(headline(evaluation), columns).map((line) => paint("bold", line));
  if (evaluation.learned) return [...head, ...wrap(agreement ? agreementText(agreement) : "", columns)].join("\n");
  return [
    ...head,
    ...verdict(evaluation).flatMap((sentence) => wrap(sentence, columns)),
    "",
    ...classTable(evaluation, Math.max(columns, room)),
    "",
    ...measures(evaluation, agreement).flatMap((sentence) => wrap(sentence, columns)),
  ].join("\n");
}

function classTable(evaluation: Evaluation, most: number): string[] {
  const { perClass, macro, output } = evaluation;
  const shown =
    perClass.length <= mostClasses
      ? perClass
      : [...perClass]
          .filter(({ support }) => support > 0)
          .sort((a, b) => (a.recall ?? 0) - (b.recall ?? 0) || b.support - a.support)
          .slice(0, mostClasses);
  const share = (value: number | null) => (value === null ? "–" : percent(value, 0));
  const cells = ({ support, recall, interval, precision, f1 }: ClassMeasures) => [
    support === 0 ? "0" : `${Math.round((recall ?? 0) * support)} of ${support}`,
    share(recall),
    interval === null ? "–" : columnPercents(interval),
    share(precision),
    share(f1),
  ];
  const head = ["found", "recall", "95 % interval", "precision", "F1"];
  const mean = ["", share(macro.recall), "", share(macro.precision), share(macro.f1)];
  const rows = shown.map(cells);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] as string).length)));
  const title = output === "sigmoid" ? "class (probability ≥ 0.5)" : "class";
  const names = [title, meanText(evaluation), ...shown.map(({ label }) => label)];
  const room = Math.min(Math.max(...names.map(textWidth)), most - widths.reduce((sum, cell) => sum + cell + 2, 0) - 2);
  const line = (name: string, row: readonly string[]) => {
    const fitted = fitText(name, room);
    const label = fitted + " ".repeat(Math.max(0, room - textWidth(fitted)));
    return `  ${label}${row.map((cell, i) => `  ${cell.padStart(widths[i] as number)}`).join("")}`.trimEnd();
  };
  const more =
    perClass.length > shown.length
      ? [`  (the ${shown.length} of ${perClass.length} classes with the lowest recall)`]
      : [];
  const star = starText(shown.map(({ interval }) => interval));
  return [
    line(title, head),
    ...shown.map((measure, i) => line(measure.label, rows[i] as readonly string[])),
    line(meanText(evaluation), mean),
    ...more,
    ...(star === null ? [] : [`  ${star}`]),
  ];
}

function measures(
  { calibration, logLoss, multiLabel, confusion, perClass }: Evaluation,
  agreement: Agreement | null,
): string[] {
  const several = multiLabel
    ? [`Mean average precision ${percent(multiLabel.meanAveragePrecision)}, F1 at 0.5 ${percent(multiLabel.f1)}.`]
    : [];
  const perfect = perfectText(calibration);
  return [
    ...several,
    `Calibration error ${percent(calibration.error)}${perfect ? ` (${perfect})` : ""}, log loss ${logLoss.toFixed(3)}.`,
    ...mixUps(confusion, perClass),
    ...(agreement ? [agreementText(agreement)] : []),
  ];
}

/** What was taken for what, the most frequent first, in a sentence; nothing where nothing was. */
export function mixUps(confusion: Evaluation["confusion"], perClass: readonly ClassMeasures[], most = 3): string[] {
  const pairs = (confusion ?? []).flatMap((row, i) =>
    row.flatMap((count, j) => (i !== j && count > 0 ? [{ i, j, count }] : [])),
  );
  if (pairs.length === 0) return [];
  const name = (i: number) => perClass[i]?.label ?? "";
  const texts = pairs
    .sort((a, b) => b.count - a.count)
    .slice(0, most)
    .map(({ i, j, count }) => `${name(i)} as ${name(j)} (${count})`);
  return [`Most confused: ${texts.join(", ")}${pairs.length > most ? ", …" : ""}.`];
}

/** Whether stream and clip mode agree, in a sentence. */
export function agreementText({ agree, clips, difference }: Agreement): string {
  const by = `logits of ${clips} ${clips === 1 ? "clip" : "clips"} differ by at most ${difference.toExponential(0)}`;
  return agree ? `Frame by frame and clip mode agree: ${by}.` : `Frame by frame and clip mode disagree: ${by}.`;
}
