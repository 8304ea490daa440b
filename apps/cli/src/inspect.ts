import { stat } from "node:fs/promises";
import { ModelCache, ModelSource, printable } from "movinet/files";
import {
  buildGraph,
  defaultCard,
  type Graph,
  graphInterface,
  isSpecName,
  layersOf,
  lowerForInference,
  renderGraph,
  specOf,
  stateBytes,
} from "movinet/graph";
import { type Context, defineCommand } from "./command.ts";
import { findNamedModel, openNamedModel } from "./models.ts";
import { argument, flag, modelText, notWith } from "./options.ts";
import { type ModelSummary, renderModel } from "./tables/model.ts";

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
    const about = await openAbout(name, context);
    const { graph, data } = describe(about);
    const { labels } = about;
    if (terminal.json) terminal.result(JSON.stringify(data));
    else if (asked && labels === null) terminal.warn(`movinet: ${name}: this model has no labels.`);
    else if (asked) terminal.result((labels ?? []).map(printable).join("\n"));
    else if (states) terminal.result(renderStates(data.states));
    else terminal.result(`${renderModel({ ...about, ...data }, terminal)}\n\n${renderGraph(graph)}`);
    return 0;
  },
});

type About = Pick<
  ModelSummary,
  "integers" | "name" | "spec" | "labels" | "fps" | "frames" | "bytes" | "licence" | "source" | "accuracy"
>;

/** What is known of a name without its file, or of a model file with the labels that other commands would use. */
async function openAbout(name: string, context: Context): Promise<About> {
  if (isSpecName(name)) {
    const spec = specOf(name);
    const { labels, fps, frames } = defaultCard(spec);
    const listing = (await new ModelCache().zoo()).find((one) => one.name === name);
    const { bytes = null, licence = null, accuracy = null } = listing ?? {};
    const integers = null;
    return { name, spec, integers, labels, fps, frames, bytes, licence, source: listing?.sources[0] ?? null, accuracy };
  }
  const path = await findNamedModel(name, context);
  const { spec, card, integers = null } = await openNamedModel(name, context);
  const sizes = (await ModelSource.at(path)).files.map(async (file) => (await stat(file)).size);
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  const { labels, fps, frames, licence, source, accuracy } = card;
  return { name, spec, integers, labels, fps, frames, bytes, licence, source, accuracy };
}

function describe({ spec, integers, labels, fps, bytes }: About) {
  const frames = defaultCard(spec).frames ?? 1;
  const graph = buildGraph(spec, { form: spec.mode === "stream" ? "step" : "clip", frames });
  const layers = layersOf(graph);
  const data = {
    type: "model",
    variant: spec.variant,
    mode: spec.mode,
    input: spec.resolution,
    fps,
    bytes,
    dtype: integers === null ? "float32" : "int8",
    parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
    macsPerFrame: layers.reduce((sum, layer) => sum + layer.macs, 0) / frames,
    stateBytes: stateBytes(graph),
    labels,
    states: graphInterface(graph).states.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
    spec,
    layers,
    floats: integers ? floatsOf(graph, integers) : [],
  };
  return { graph, data };
}

/** What a quantized model computes in float32: the layers that stay floats, and ops that its integers do not include. */
function floatsOf(graph: Graph, { ranges, floats }: NonNullable<About["integers"]>): readonly string[] {
  const { nodes } = lowerForInference(graph);
  const sums = new Set(nodes.flatMap(({ op, id }) => (op === "cumulativeSum" ? [id] : [])));
  const isFloat = (node: Graph["nodes"][number]) => {
    if (node.op === "cumulativeSum") return !Object.hasOwn(ranges, node.id);
    if (node.op === "activation" && node.kind === "swish") return !Object.hasOwn(ranges, `${node.id}.sigmoid`);
    return node.op === "multiply" && sums.has(node.a);
  };
  return [...floats, ...nodes.filter(isFloat).map(({ id }) => id)];
}

type Description = ReturnType<typeof describe>["data"];

function renderStates(states: Description["states"]): string {
  if (states.length === 0) return "A base model takes whole clips: it has no states.";
  const width = Math.max(...states.map((state) => state.name.length));
  return states
    .map(({ name, shape, dtype }) => `${name.padEnd(width)}  ${dtype.padEnd(7)}  [${shape.join(", ")}]`)
    .join("\n");
}
