/**
 * The graph of a SavedModel, for what weights do not reveal: from the operators in the scopes of some layers. Nothing
 * is run.
 */
import type { PbfReader } from "pbf";
import type { Activation, Gate } from "../../../arch/spec.ts";
import { limits } from "../../../model/limits.ts";
import type { Told } from "../../weights/infer.ts";
import { readAll, readMessage } from "./message.ts";

/** Field numbers, from the file to a node and to the shape of an input. */
const fields = {
  file: { graphs: 2 },
  graphs: { graph: 2, signature: 5 },
  graph: { library: 2 },
  library: { function: 1 },
  function: { node: 3 },
  node: { name: 1, op: 2 },
  entry: { key: 1, value: 2 },
  signature: { input: 1 },
  tensor: { shape: 3 },
  shape: { dimension: 2 },
  dimension: { size: 1 },
} as const;

/** The scopes of the inspected layers, as named in the official code. */
const scopes = {
  gate: /(^|\/)se\/se_expand\//,
  activation: /(^|\/)bneck\/expansion\//,
  classifierActivation: /(^|\/)classifier_head(_\d+)?\/head\//,
} as const;
type Scope = keyof typeof scopes;

/** Limit of nodes; the export of A0 stream has 64,000. */
const mostNodes = 2 ** 20;

/**
 * What a `saved_model.pb` reveals about its network: the gate, the activations, a fixed input size, whether it has
 * states. Anything missing or unknown is omitted; everything is if the file is damaged.
 */
export function toldByGraph(bytes: Uint8Array): Told {
  const found: { -readonly [Option in keyof Told]: Told[Option] } = {};
  let nodes = 0;
  const isKnown = () => Object.keys(scopes).every((scope) => found[scope as Scope] !== undefined);
  const readFunction = (pbf: PbfReader) => {
    const ops = { gate: new Set<string>(), activation: new Set<string>(), classifierActivation: new Set<string>() };
    readMessage(pbf, (field) => {
      if (field !== fields.function.node) return;
      if (++nodes > mostNodes) throw new Error("too many nodes");
      const { name, op } = readNode(pbf);
      if (/\/bn(_temporal)?\//.test(name)) return;
      for (const scope of Object.keys(scopes) as Scope[]) if (scopes[scope].test(name)) ops[scope].add(op);
    });
    found.gate ??= gateOf(ops.gate);
    found.activation ??= activationOf(ops.activation);
    found.classifierActivation ??= activationOf(ops.classifierActivation);
  };
  try {
    readAll(bytes, (field, pbf) => {
      if (field !== fields.file.graphs) return;
      readMessage(pbf, (part) => {
        if (part === fields.graphs.graph) {
          readMessage(pbf, (of) => {
            if (of !== fields.graph.library) return;
            readMessage(pbf, (inner) => {
              if (inner === fields.library.function && !isKnown()) readFunction(pbf);
            });
          });
        }
        if (part === fields.graphs.signature) {
          const { resolution, mode } = readSignature(pbf);
          found.resolution ??= resolution;
          found.mode ??= mode;
        }
      });
    });
  } catch {
    return {};
  }
  return found;
}

function readNode(pbf: PbfReader): { name: string; op: string } {
  const node = { name: "", op: "" };
  readMessage(pbf, (field) => {
    if (field === fields.node.name) node.name = pbf.readString();
    if (field === fields.node.op) node.op = pbf.readString();
  });
  return node;
}

/** Hard activations consist of operators: relu6(x + 3), or 0.2x + 0.5 clamped to 0..1. */
function gateOf(ops: ReadonlySet<string>): Gate | undefined {
  const found: readonly Gate[] = [
    ...(ops.has("Sigmoid") ? (["sigmoid"] as const) : []),
    ...(ops.has("Relu6") ? (["hard_sigmoid_b"] as const) : []),
    ...(ops.has("Minimum") || ops.has("ClipByValue") ? (["hard_sigmoid_a"] as const) : []),
  ];
  return found.length === 1 ? found[0] : undefined;
}

function activationOf(ops: ReadonlySet<string>): Activation | undefined {
  const [swish, six] = [ops.has("Sigmoid"), ops.has("Relu6")];
  if (swish === six) return undefined;
  if (swish) return "swish";
  return ops.has("AddV2") || ops.has("Add") ? "hard_swish" : "relu6";
}

/** From a signature: its input `image` is `[batch, frames, height, width, 3]`, and streams have state inputs. */
function readSignature(pbf: PbfReader): Pick<Told, "resolution" | "mode"> {
  const inputs = new Map<string, readonly number[]>();
  readEntry(pbf, () =>
    readMessage(pbf, (field) => {
      if (field !== fields.signature.input) return;
      const shape: number[] = [];
      const name = readEntry(pbf, () => readShape(pbf, shape));
      inputs.set(name, shape);
    }),
  );
  const [, , height = 0, width = 0, channels = 0] = inputs.get("image") ?? [];
  const isSize = (size: number) => size > 0 && size <= limits.side;
  return {
    resolution: channels === 3 && isSize(height) && isSize(width) ? { height, width } : undefined,
    mode: [...inputs.keys()].some((name) => name.startsWith("state_")) ? "stream" : undefined,
  };
}

function readEntry(pbf: PbfReader, readValue: () => void): string {
  let key = "";
  readMessage(pbf, (field) => {
    if (field === fields.entry.key) key = pbf.readString();
    if (field === fields.entry.value) readValue();
  });
  return key;
}

function readShape(pbf: PbfReader, shape: number[]): void {
  readMessage(pbf, (field) => {
    if (field !== fields.tensor.shape) return;
    readMessage(pbf, (part) => {
      if (part !== fields.shape.dimension) return;
      readMessage(pbf, (of) => {
        if (of === fields.dimension.size) shape.push(pbf.readVarint(true));
      });
    });
  });
}
