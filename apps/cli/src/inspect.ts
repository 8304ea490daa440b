import { printable } from "movinet/files";
import {
  buildGraph,
  defaultCard,
  graphInterface,
  isSpecName,
  layersOf,
  nameOf,
  renderGraph,
  type Spec,
  specOf,
  stateBytes,
} from "movinet/graph";
import { type Context, defineCommand } from "./command.ts";
import { openNamedModel } from "./models.ts";
import { argument, flag, modelText, notWith } from "./options.ts";

export const inspectCommand = defineCommand({
  name: "inspect",
  examples: ["inspect a0-stream", "inspect model.tflite --labels"],
  options: {
    model: argument(modelText),
    states: flag("List only the stream's states, by Google's names"),
    labels: flag("List only the labels, one per line"),
  },
  fetches: true,
  json: "Print one JSON object",
  async run({ model: name, states, labels: asked }, context) {
    const { terminal } = context;
    if (states && asked) throw notWith("--states", "--labels");
    if ((states || asked) && terminal.json)
      throw notWith(states ? "--states" : "--labels", "--json, which has them too");
    const { spec, labels } = await openSpec(name, context);
    const { graph, data } = describe(spec, labels);
    if (terminal.json) terminal.result(JSON.stringify(data));
    else if (asked && labels === null) terminal.warn(`movinet: ${name}: this model has no labels.`);
    else if (asked) terminal.result((labels ?? []).map(printable).join("\n"));
    else terminal.result(states ? renderStates(data.states) : `${renderGraph(graph)}\n\n${renderTotals(spec, data)}`);
    return 0;
  },
});

/** Of a name, or of a model file with the labels that other commands would use. */
async function openSpec(name: string, context: Context) {
  if (isSpecName(name)) return { spec: specOf(name), labels: null };
  const { spec, card } = await openNamedModel(name, context);
  return { spec, labels: card.labels };
}

function describe(spec: Spec, labels: readonly string[] | null) {
  const frames = defaultCard(spec).frames ?? 1;
  const graph = buildGraph(spec, { form: spec.mode === "stream" ? "step" : "clip", frames });
  const layers = layersOf(graph);
  const data = {
    type: "model",
    variant: spec.variant,
    mode: spec.mode,
    parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
    macsPerFrame: layers.reduce((sum, layer) => sum + layer.macs, 0) / frames,
    stateBytes: stateBytes(graph),
    labels,
    states: graphInterface(graph).states.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
    spec,
    layers,
  };
  return { graph, data };
}

type Description = ReturnType<typeof describe>["data"];

function renderStates(states: Description["states"]): string {
  if (states.length === 0) return "A base model takes whole clips: it has no states.";
  const width = Math.max(...states.map((state) => state.name.length));
  return states
    .map(({ name, shape, dtype }) => `${name.padEnd(width)}  ${dtype.padEnd(7)}  [${shape.join(", ")}]`)
    .join("\n");
}

/** So many labels are shown beside totals. */
const firstLabels = 3;

function renderTotals(
  spec: Spec,
  { parameters, macsPerFrame, stateBytes: bytes, states, labels }: Description,
): string {
  const { height, width } = spec.resolution;
  const rows = [
    ["model", `${nameOf(spec)}, ${spec.classes} classes, ${height}×${width}`],
    ["labels", labels === null ? "none" : enumerate(labels)],
    ["convolutions", `${spec.convType}, squeeze-and-excitation ${spec.squeezeExcite}, ${spec.activation}`],
    ["parameters", `${parameters.toLocaleString("en-US")} (norm statistics included)`],
    ["MACs per frame", `${(macsPerFrame / 1e6).toFixed(2)} M`],
    [
      "state",
      states.length > 0 ? `${(bytes / 1e6).toFixed(2)} MB in ${states.length} tensors` : "none: it sees whole clips",
    ],
  ] as const;
  return rows.map(([label, value]) => `${label.padEnd(16)}${value}`).join("\n");
}

function enumerate(labels: readonly string[]): string {
  const first = labels.slice(0, firstLabels).map(printable).join(", ");
  return labels.length > firstLabels ? `${first}, … (all ${labels.length}: --labels)` : first;
}
