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
import { defineCommand } from "./command.ts";
import { openNamedModel } from "./models.ts";
import { argument, flag } from "./options.ts";
import { UsageError } from "./usage.ts";

export const inspectCommand = defineCommand({
  name: "inspect",
  takes: "it takes one model",
  example: "inspect a0-stream",
  options: {
    model: argument("A name such as a0-stream, or a model file"),
    states: flag("List the states with Google's names instead"),
  },
  fetches: true,
  json: "One JSON object on stdout",
  async run({ model: name, states }, context) {
    const { terminal } = context;
    if (states && terminal.json) {
      throw new UsageError("--states", "--json lists the states too", "Leave one of the two out");
    }
    const spec = isSpecName(name) ? specOf(name) : (await openNamedModel(name, context)).spec;
    const { graph, data } = describe(spec);
    if (terminal.json) terminal.result(JSON.stringify(data));
    else terminal.result(states ? renderStates(data.states) : `${renderGraph(graph)}\n\n${renderTotals(spec, data)}`);
    return 0;
  },
});

function describe(spec: Spec) {
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
    states: graphInterface(graph).states.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
    spec,
    layers,
  };
  return { graph, data };
}

type Description = ReturnType<typeof describe>["data"];

function renderStates(states: Description["states"]): string {
  if (states.length === 0) return "A base model sees whole clips: it has no states.";
  const width = Math.max(...states.map((state) => state.name.length));
  return states
    .map(({ name, shape, dtype }) => `${name.padEnd(width)}  ${dtype.padEnd(7)}  [${shape.join(", ")}]`)
    .join("\n");
}

function renderTotals(spec: Spec, { parameters, macsPerFrame, stateBytes: bytes, states }: Description): string {
  const { height, width } = spec.resolution;
  const rows = [
    ["model", `${nameOf(spec)}, ${spec.classes} classes, ${height}×${width}`],
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
