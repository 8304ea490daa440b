/** A page for each model of the zoo, made from the table that fetches them: what it is, where it comes from, what to know of it. */
import { buildGraph } from "../packages/movinet/src/arch/build.ts";
import { type Spec, specOf } from "../packages/movinet/src/arch/spec.ts";
import { formatBytes } from "../packages/movinet/src/common/printable.ts";
import { layersOf } from "../packages/movinet/src/graph/print.ts";
import { defaultCard } from "../packages/movinet/src/model/card.ts";
import { type Source, type ZooModel, zoo } from "../packages/movinet/src/zoo/registry.ts";

/** Of every page: what a reader must know before he trusts an address. */
export const untried =
  "None of these addresses has ever been tried by those who wrote this: they were read in public repositories and pages. The tests answer under the hosts' own names, with files of the same forms.";

const gates = {
  sigmoid: "sigmoid",
  hard_sigmoid_a: "hard sigmoid A, clip(0.2x + 0.5, 0, 1)",
  hard_sigmoid_b: "hard sigmoid B, relu6(x + 3) · 0.16667",
} as const;
const activations = { swish: "swish", hard_swish: "hard swish", relu6: "ReLU6" } as const;
const convolutions = { "3d": "3-D", "2plus1d": "(2+1)-D", "3d_2plus1d": "(2+1)-D" } as const;

/** Pages by their path in the repository. */
export function modelCards(): ReadonlyMap<string, string> {
  return new Map(zoo.map((model) => [`docs/models/${model.name}.md`, cardOf(model)]));
}

/** The table of all models in the guide. */
export function zooTable(): string {
  const head = ["name", "licence", "input", "frames a second", "top-1", "top-5", "size"];
  const rows = zoo.map(({ name, spec, sources, accuracy, bytes }) => {
    const { input, fps } = defaultCard(specOf(spec));
    const [licence] = new Set(sources.map(({ licence }) => licence));
    return [
      `[${name}](models/${name}.md)`,
      licence ?? "",
      `${input.width}×${input.height}`,
      String(fps),
      percent(accuracy?.top1),
      percent(accuracy?.top5),
      formatBytes(bytes),
    ];
  });
  return [head, head.map((_, i) => (i < 2 ? "---" : "---:")), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

function cardOf(model: ZooModel): string {
  const { name, spec, bytes, ending, labels, classes, accuracy } = model;
  const [variant = "", mode] = spec.split("-");
  const network = networkOf(model);
  const { input, fps, frames } = defaultCard(network);
  const facts = [
    ["network", `MoViNet-${variant.toUpperCase()}, ${mode}: ${describe(network, model)}`],
    ["weights", weightsText(model)],
    ...costs(network, frames),
    ["input", `RGB in 0..1, ${input.width}×${input.height}; the short side covers, the centre is cut out`],
    ["frames a second", String(fps)],
    ["sees", frames === null ? "one frame after the other, without an end" : `windows of ${frames} frames`],
    ["classes", labels === null ? String(classes) : `${classes}, those of Kinetics-600`],
    ["published accuracy", accuracyText(accuracy)],
    ["kept as", `\`${name}.${ending}\`, about ${formatBytes(bytes)}`],
  ] as const;
  const lines = facts.map(([what, text]) => `| ${what} | ${text} |`);
  return `# ${name}

_Made by \`npm run docs\` from the table of the zoo; do not edit._ All models: [Models and files](../models.md#the-zoo).

| | |
| --- | --- |
${lines.join("\n")}

\`\`\`sh
npx movinet pull ${name}
npx movinet classify --model ${name} clip.mp4
\`\`\`

## Where it comes from

${model.sources.map((source, i) => `${i + 1}. ${sourceText(source, model)}`).join("\n")}

${untried}

## What to know

${notesOf(model)
  .map((note) => `- ${note}`)
  .join("\n")}
`;
}

/** Google's int8 files are of another network than their name says. */
function networkOf({ spec, weights, told }: ZooModel): Spec {
  if (weights === "int8") {
    const activation = "relu6";
    return specOf(spec, { squeezeExcite: "none", activation, classifierActivation: activation });
  }
  return specOf(spec, { gate: told.gate ?? specOf(spec).gate });
}

function describe(
  { convType, squeezeExcite, activation, gate, classifierActivation, positionalEncoding }: Spec,
  { told }: ZooModel,
): string {
  return [
    `${convolutions[convType]} convolutions`,
    squeezeExcite === "none" ? "no squeeze-and-excitation" : `squeeze-and-excitation ${squeezeExcite}`,
    activations[activation],
    ...(squeezeExcite === "none" ? [] : [`gate: ${told.gate === undefined ? "as its file has it" : gates[gate]}`]),
    `classifier: ${activations[classifierActivation]}`,
    ...(positionalEncoding ? ["positional encoding"] : []),
  ].join("; ");
}

function weightsText({ weights }: ZooModel): string {
  if (weights === "float32") return "float32";
  return `${weights === "int8" ? "int8, quantized after training" : "float16"}, in Google's TFLite file`;
}

function costs(network: Spec, frames: number | null): readonly (readonly [string, string])[] {
  const form = network.mode === "stream" ? "step" : "clip";
  const layers = layersOf(buildGraph(network, { form, frames: frames ?? 1 }));
  const sum = (of: "parameters" | "macs") => layers.reduce((all, layer) => all + layer[of], 0);
  return [
    ["parameters", sum("parameters").toLocaleString("en-US")],
    ["multiply–accumulates a frame", `${(sum("macs") / (frames ?? 1) / 1e6).toFixed(1)} M`],
  ];
}

function accuracyText(accuracy: ZooModel["accuracy"]): string {
  if (accuracy === null) return "none";
  const { dataset, top1, top5 } = accuracy;
  const five = top5 === null ? "" : `, top-5 ${percent(top5)}`;
  return `top-1 ${percent(top1)}${five} on ${dataset}, one clip and one crop, by its makers; not measured here`;
}

function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? "" : `${(100 * share).toFixed(2)} %`;
}

function sourceText({ url, origin, licence, content }: Source, { file }: ZooModel): string {
  const pinned =
    content !== null
      ? `pinned by ${"blob" in content ? `git blob \`${content.blob}\`` : `SHA-256 \`${content.sha256}\``}`
      : file !== null
        ? `an archive; the file in it is pinned by SHA-256 \`${file.sha256}\``
        : "an archive without a published hash; what is in it is pinned when it comes first";
  return `\`${origin}\` (${licence}): <${url}>, ${pinned}`;
}

function notesOf({ spec, weights, sources }: ZooModel): readonly string[] {
  const [variant, mode] = spec.split("-");
  const large = mode === "stream" && ["a3", "a4", "a5"].includes(variant ?? "");
  return [
    "Trained by Google on Kinetics-600: videos of people from YouTube, ten seconds each, of one of 600 actions. It always names one of them, also where none is seen.",
    ...(weights === "float32" && sources.length > 1
      ? [
          "The PyTorch port's file was made by its author from Google's third release, and equals it within 1e-4 by the port's own tests.",
        ]
      : []),
    ...(weights === "float32" && mode === "stream"
      ? [
          "No weights tell the form of the gate. The released streams want form A; the official code of today computes form B, and with it other answers from equal weights.",
        ]
      : []),
    ...(large
      ? [
          "What its classifier's activation is nobody has compared for A3–A5; swish is what the official code has where nothing else is said.",
        ]
      : []),
    ...(weights === "int8"
      ? [
          "These files are of a network of their own, without squeeze-and-excitation and with ReLU6, and less accurate. ONNX Runtime runs them as floats; LiteRT.js in integers, as they are.",
        ]
      : []),
  ];
}
