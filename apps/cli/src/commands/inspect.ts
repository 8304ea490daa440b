import { defineCommand } from "citty";
import {
  buildGraph,
  defaultCard,
  isSpecName,
  layersOf,
  nameOf,
  renderGraph,
  type Spec,
  specOf,
  stateBytes,
  stateDtype,
  stateShape,
} from "movinet";
import { openNamedModel } from "../models.ts";
import { openTerminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";

export const inspectCommand = defineCommand({
  meta: { name: "inspect", description: "Shows a network: layers, shapes, parameters, multiply–accumulates, states" },
  args: {
    model: { type: "positional", description: "A name such as a0-stream, or a model file", required: false },
    states: { type: "boolean", description: "List the states with Google's names instead" },
    json: { type: "boolean", description: "One JSON object on stdout" },
    debug: { type: "boolean", description: "Show the stack of an error" },
  },
  async run({ args }) {
    const [name, ...more] = args._;
    if (name === undefined || more.length > 0) {
      throw new UsageError("inspect", "it takes one model", "Run for example: movinet inspect a0-stream");
    }
    if (args.states && args.json) {
      throw new UsageError("--states", "--json lists the states too", "Leave one of the two out");
    }
    const terminal = openTerminal({ json: Boolean(args.json), quiet: false });
    const spec = isSpecName(name) ? specOf(name) : (await openNamedModel(name)).spec;
    const report = describe(spec);
    if (terminal.json) terminal.result(JSON.stringify(report.data));
    else
      terminal.result(
        args.states
          ? renderStates(report.data.states)
          : `${renderGraph(report.graph)}\n\n${renderTotals(spec, report.data)}`,
      );
    return 0;
  },
});

function describe(spec: Spec) {
  const frames = defaultCard(spec).frames ?? 1;
  const graph = buildGraph(spec, { call: spec.mode === "stream" ? "step" : "clip", frames });
  const layers = layersOf(graph);
  const data = {
    type: "model",
    variant: spec.variant,
    mode: spec.mode,
    parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
    macsPerFrame: layers.reduce((sum, layer) => sum + layer.macs, 0) / frames,
    stateBytes: stateBytes(graph),
    states: graph.states.map((state) => ({ name: state.name, shape: stateShape(state), dtype: stateDtype(state) })),
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
