/** The `README.md` of a run folder: a model card as Hugging Face reads it, with what the run knows and nothing more. */
import type { Model } from "movinet";
import { formatBytes, printable } from "movinet/files";
import { type Evaluation, headline, percent, type trainingReport, type trainModel, verdict } from "movinet/train";
import { mixUps } from "../tables/evaluation.ts";
import { counted } from "../tables/text.ts";
import { version } from "../version.ts";

type Trained = Awaited<ReturnType<typeof trainModel>>;
type Report = Awaited<ReturnType<typeof trainingReport>>;

export interface CardedRun {
  readonly done: Trained;
  readonly report: Report;
  /** What came of it. */
  readonly model: Model;
  readonly bytes: number;
  /** Clips of the dataset, with those that could not be decoded. */
  readonly clips: number;
  readonly threads: number;
}

/** Renders the card. Names of classes and files may hold anything: they are escaped. */
export function renderModelCard(run: CardedRun): string {
  const { done, report, model, bytes } = run;
  const { card, spec } = model;
  const { input, labels } = card;
  const network = `MoViNet ${spec.variant.toUpperCase()} (${spec.mode})`;
  const sections = [
    `# ${plain(card.name)}`,
    `Video action recognition: ${network}, trained on ${counted(run.clips, "clip")} to recognize ${counted(labels?.length ?? 0, "class")}. It reads a video frame by frame: ${card.fps} frames per second, ${input.width} × ${input.height} pixels, ${fitText(input.fit)}. \`model.safetensors\` has ${formatBytes(bytes)}.`,
    "`movinet train` wrote this card. It does not know who is in the clips, whether they agreed, where and how the clips were filmed, or what the model is meant for. Add that before you publish the model.",
    "## Result",
    ...resultOf(report),
    "## Classes",
    classTable(done, report.evaluation),
    "## Data",
    list(dataFacts(run)),
    "## Limits",
    list(limitsOf(model, report)),
    "## Training",
    ...trainingOf(run),
    "## Use",
    usage,
    "## Licence",
    licenceText(done.before),
  ];
  return `${frontMatter(done.before)}\n${sections.join("\n\n")}\n`;
}

/** Identifiers of the Hub for what the zoo's weights are under. */
const licences: Readonly<Record<string, string>> = { MIT: "mit", "Apache-2.0": "apache-2.0" };

/** No `base_model`: that names a repository of the Hub, and the weights come from elsewhere. */
function frontMatter({ card }: Model): string {
  const licence = licences[card.licence ?? ""];
  const lines = [
    ...(licence === undefined ? [] : [`license: ${licence}`]),
    "library_name: movinet",
    "pipeline_tag: video-classification",
    "tags:",
    ...["movinet", "action-recognition", "video", "streaming"].map((tag) => `- ${tag}`),
    "metrics:",
    "- accuracy",
  ];
  return ["---", ...lines, "---", ""].join("\n");
}

function resultOf({ evaluation, silence, judged, warnings }: Report): string[] {
  const doubts = warnings.length === 0 ? [] : [list(warnings.map((text) => `**Warning:** ${plain(text)}`))];
  if (evaluation === null) return [plain(silence ?? ""), ...doubts];
  const { confusion, perClass, calibration, logLoss } = evaluation;
  const confused = mixUps(confusion, perClass, 10);
  return [
    `**${plain(headline(evaluation))}.** Evaluation: ${plain(judged)}.`,
    plain(verdict(evaluation).join(" ")),
    plain(confused.length > 0 ? confused.join(" ") : noMixUps(evaluation)),
    `Calibration error ${percent(calibration.error)}, log loss ${logLoss.toFixed(3)}. \`report.html\` has every class, the calibration and the worst clips.`,
    ...doubts,
  ];
}

function noMixUps({ confusion }: Evaluation): string {
  return confusion === null
    ? "A clip may show several classes; one counts as found from a probability of 0.5 on."
    : "No clip was misclassified.";
}

function classTable({ dataset }: Trained, evaluation: Evaluation | null): string {
  const rows = dataset.labels.map((label, index) => {
    const clips = dataset.samples.filter(({ classes }) => classes.includes(index)).length;
    const measured = evaluation?.perClass.find((one) => one.index === index);
    const share = (value: number | null | undefined) => (typeof value === "number" ? percent(value, 0) : "–");
    const interval = measured?.interval;
    const range = interval ? `${percent(interval.low, 0)} to ${percent(interval.high, 0)}` : "–";
    const doubt = interval && !interval.trusted ? " (too few groups)" : "";
    return [
      plain(label),
      clips,
      measured?.support ?? 0,
      share(measured?.recall),
      range + doubt,
      share(measured?.precision),
    ];
  });
  const head = ["class", "clips", "evaluated", "recall", "95 % interval", "precision"];
  const lines = [head, ["---", ...head.slice(1).map(() => "---:")], ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function dataFacts({ done, report, clips }: CardedRun): string[] {
  const { dataset, learned, seen } = done;
  const { samples } = dataset;
  const groups = new Set(samples.flatMap(({ group }) => group ?? [])).size;
  const tests = samples.filter(({ split }) => split === "test").length;
  const undecodable = clips - samples.length;
  return [
    `${counted(clips, "clip")} of ${code(report.dataset)}${undecodable > 0 ? `, of which ${undecodable} could not be decoded` : ""}.`,
    groups > 0
      ? `${counted(groups, "group")} (people, places or source videos). No group is used for both training and evaluation.`
      : "The dataset has no groups: if a person or place appears in several clips, the result looks better than it is.",
    `The model was trained on ${counted(learned.used.length, "clip")}${learned.history && report.bestEpoch !== null ? ", including those used to choose the epoch" : ""}.`,
    ...(learned.crossed && report.evaluation ? [crossedText(learned.fit === null)] : []),
    ...(tests > 0 ? [`Held out: ${counted(tests, "test clip")}, never used in training.`] : []),
    ...(seen.size > 0
      ? [`Excluded from evaluation: ${counted(seen.size, "clip")} that the base model was trained on.`]
      : []),
  ];
}

function crossedText(solved: boolean): string {
  const result =
    "The result above comes from models trained in the same way, each evaluated on clips that it was not trained on";
  return solved ? `${result}; this model was trained on all clips.` : `${result}; this model is the first of them.`;
}

function limitsOf({ card, spec }: Model, { evaluation }: Report): string[] {
  return [
    ...(card.output === "softmax"
      ? [
          "It always names one of its classes, even when a video shows none of them. A high score does not rule that out.",
        ]
      : []),
    evaluation === null
      ? "Its accuracy is unknown."
      : "It was evaluated on clips like those it was trained on. Expect worse results with other people, cameras, places and light; try it on your own clips.",
    `It sees ${card.fps} frames per second: faster motion is lost. Expect worse answers for clips under two seconds and clips with cuts.`,
    ...(spec.mode === "stream" ? ["Early answers in a video are less reliable than later ones."] : []),
    "Do not let it make decisions about people without human review.",
  ];
}

function trainingOf({ done, report, threads }: CardedRun): string[] {
  const { card } = done.before;
  const facts = { ...report.config, ...report.environment, threads };
  const rows = Object.entries(facts).filter(([name, value]) => value !== null && name !== "how");
  return [
    `From ${code(card.name)}${card.source === null ? "" : ` (${plain(card.source)})`}, with movinet ${version}:`,
    fenced(report.command),
    plain(String(report.config["how"] ?? "")),
    ["| | |", "| --- | --- |", ...rows.map(([name, value]) => `| ${plain(name)} | ${plain(String(value))} |`)].join(
      "\n",
    ),
    "`movinet train --config config.json` repeats this training and reports what has changed since.",
  ];
}

const usage = `\`\`\`sh
movinet classify clip.mp4 --model model.safetensors
movinet convert model.safetensors model.tflite    # phones, Raspberry Pi
movinet convert model.safetensors model.onnx      # ONNX Runtime
\`\`\`

\`\`\`ts
import { open } from "movinet";

await using recognizer = await open("model.safetensors");
for await (const { time, predictions } of recognizer.classify("clip.mp4")) {
  console.log(time, predictions[0]);
}
\`\`\``;

function licenceText({ card }: Model): string {
  const clips = "Check that the clips may be used for this, too.";
  if (card.licence === null) {
    return `The base model ${code(card.name)} names no licence. Find out what it is before you pass this model on. ${clips}`;
  }
  return `The weights that training started from (${code(card.name)}) are under ${plain(card.licence)}, and this model must comply with it. ${clips}`;
}

function fitText(fit: string): string {
  return fit === "squash" ? "the picture squashed to fit" : "cropped to the centre";
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

/** Text without meaning in Markdown, YAML or HTML, on one line. */
function plain(text: string): string {
  return printable(text).replace(/[\\`*{}[\]<>#|~$&]|(?<!\w)_|_(?!\w)/g, (character) => `\\${character}`);
}

/** A name as code. */
function code(text: string): string {
  return `\`${printable(text).replaceAll("`", "'")}\``;
}

/** A command in a block that it cannot end. */
function fenced(text: string): string {
  const fence = "`".repeat(Math.max(3, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length + 1)));
  return `${fence}sh\n${printable(text)}\n${fence}`;
}
