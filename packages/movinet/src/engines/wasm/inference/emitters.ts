/** Emitters of the ops that are no convolutions. */
import { ModelError } from "../../../common/errors.ts";
import { encodingFrequencies } from "../../../graph/encoding.ts";
import type { Node, NodeOf, PerOp, Shape } from "../../../graph/ir.ts";
import { normEpsilon, perOp } from "../../../graph/ir.ts";
import { samePadding } from "../../../graph/shapes.ts";
import { type Address, kinds, moved, padded, pictureBytes } from "./calls.ts";
import { emitConvolution } from "./convolutions.ts";
import type { Fused } from "./fuse.ts";
import type { Lowering } from "./lowering.ts";
import { vector } from "./pack.ts";

/** Floats of a value. */
function count(plan: Lowering, { frames, ...shape }: Shape): number {
  return (frames * plan.frameBytes({ frames, ...shape })) / 4;
}

const alone = { activation: null, skip: null, gated: null } as const;

const emitters: PerOp<[Lowering], void> = {
  input() {},
  conv: (node, plan) => emitConvolution({ convolution: node, value: node.id, ...alone }, plan),
  depthwise: (node, plan) => emitConvolution({ convolution: node, value: node.id, ...alone }, plan),
  norm(node, plan) {
    const { channels, height, width } = plan.shape(node.x);
    const gain = plan.constant(`gain ${node.gamma}`, () => vector(gainOf(node, plan), channels));
    const shift = plan.constant(`shift ${node.gamma}`, () => {
      const [beta, mean, factor] = [plan.param(node.beta), plan.param(node.mean), gainOf(node, plan)];
      return vector(
        beta.map((value, c) => value - (mean[c] as number) * (factor[c] as number)),
        channels,
      );
    });
    const pixels = plan.pictures(node.x) * height * width;
    const x = plan.whole(node.x);
    plan.call("temporal", 1, shift, plan.place(node.id), pixels, padded(channels), 0, x, gain);
  },
  activation(node, plan) {
    const x = plan.whole(node.x);
    plan.call("activation", x, plan.place(node.id), count(plan, plan.shape(node.x)), kinds[node.kind]);
  },
  averagePool(node, plan) {
    const [x, y] = [plan.shape(node.x), plan.shape(node.id)];
    const corner = [samePadding(x.height, 3, 2).begin, samePadding(x.width, 3, 2).begin];
    const sizes = [plan.pictures(node.x), x.height, x.width, padded(x.channels), y.height, y.width, ...corner];
    const from = plan.whole(node.x);
    plan.call("averagePool", from, plan.place(node.id), ...sizes);
  },
  spatialMean(node, plan) {
    const { channels, height, width } = plan.shape(node.x);
    const from = plan.whole(node.x);
    plan.call("spatialMean", from, plan.place(node.id), plan.pictures(node.x), height * width, padded(channels));
  },
  frameMean(node, plan) {
    const x = plan.shape(node.x);
    const step = plan.frameBytes(x);
    const from = plan.whole(node.x);
    const to = plan.place(node.id);
    const share = plan.constant(`share ${x.frames}`, () => Float32Array.of(1 / x.frames));
    let sum = from;
    for (let t = 1; t < x.frames; t++) {
      const next = t === 1 ? plan.scratch(step) : sum;
      plan.call("add", sum, moved(from, t * step), next, step / 4);
      sum = next;
    }
    plan.call("scale", sum, share, to, step / 4);
  },
  cumulativeSum(node, plan) {
    const x = plan.shape(node.x);
    const step = plan.frameBytes(x);
    const from = plan.whole(node.x);
    const initial = node.initial === null ? null : plan.whole(node.initial);
    const to = plan.place(node.id);
    if (initial) plan.call("add", from, initial, to, step / 4);
    else plan.call("copyRows", from, to, 1, step, 0, 0);
    for (let t = 1; t < x.frames; t++) {
      plan.call("add", moved(from, t * step), moved(to, (t - 1) * step), moved(to, t * step), step / 4);
    }
  },
  slice(node, plan) {
    const { frames, ...view } = plan.view(node.x);
    const shape = plan.shape(node.id);
    plan.set(node.id, { ...view, shape, frames: frames.slice(node.start, node.start + node.count) });
  },
  join(node, plan) {
    const frames = node.xs.flatMap((x) => plan.view(x).frames);
    plan.set(node.id, { shape: plan.shape(node.id), frames, planar: false });
  },
  pad(node, plan) {
    const zeros = (length: number) => new Array<null>(length).fill(null);
    const frames = [...zeros(node.before), ...plan.view(node.x).frames, ...zeros(node.after)];
    plan.set(node.id, { shape: plan.shape(node.id), frames, planar: false });
  },
  repeat(node, plan) {
    const [frame] = plan.view(node.x).frames;
    const frames = new Array<Address | null>(node.count).fill(frame ?? null);
    plan.set(node.id, { shape: plan.shape(node.id), frames, planar: false });
  },
  concat(node, plan) {
    const y = plan.shape(node.id);
    const pixels = plan.pictures(node.id) * y.height * y.width;
    const parts = node.xs.map((x) => plan.whole(x));
    const to = plan.place(node.id);
    let start = 0;
    for (const [i, x] of node.xs.entries()) {
      const { channels } = plan.shape(x);
      const steps = [4 * padded(channels), 4 * padded(y.channels)];
      plan.call("copyRows", parts[i] as Address, moved(to, 4 * start), pixels, 4 * channels, ...steps);
      start += channels;
    }
  },
  add(node, plan) {
    const [a, b] = [plan.whole(node.a), plan.whole(node.b)];
    plan.call("add", a, b, plan.place(node.id), count(plan, plan.shape(node.id)));
  },
  multiply(node, plan) {
    const [x, other] = [plan.shape(node.a), plan.shape(node.b)];
    const row = 4 * padded(other.channels) * other.width;
    const steps = [pictureBytes(other), other.height > 1 ? row : 0, other.width > 1 ? 4 * padded(other.channels) : 0];
    const sizes = [plan.pictures(node.a), x.height, x.width, padded(x.channels)];
    const [a, b] = [plan.whole(node.a), plan.whole(node.b)];
    const likeA = other.channels === x.channels ? 1 : 0;
    plan.call("product", a, b, plan.place(node.id), ...sizes, ...steps, likeA);
  },
  scale(node, plan) {
    const factor = plan.constant(`factor ${node.factor}`, () => plan.param(node.factor));
    const x = plan.whole(node.x);
    plan.call("scale", x, factor, plan.place(node.id), count(plan, plan.shape(node.id)));
  },
  positionalEncoding(node, plan) {
    const positions = plan.whole(node.x);
    if (positions.buffer.kind !== "input") {
      throw new ModelError({
        code: "E_MODEL_EXPORT",
        subject: plan.graph.name,
        problem: `the positions of ${node.id} are computed`,
        remedy: "The WebAssembly engine encodes only positions that are an input of the network",
      });
    }
    const { channels } = node;
    const rows = plan.pictures(node.id);
    const key = `${node.x} ${channels}`;
    const encoding = plan.encodings.get(key) ?? {
      positions: positions.buffer.index,
      from: positions.bytes,
      to: plan.scratch(4 * padded(channels) * rows).buffer,
      rows,
      frequencies: encodingFrequencies(channels),
    };
    plan.encodings.set(key, encoding);
    plan.set(node.id, plan.viewOf(plan.shape(node.id), { buffer: encoding.to, bytes: 0 }));
  },
};

function gainOf({ gamma, variance }: NodeOf<"norm">, plan: Lowering): Float32Array {
  const factors = plan.param(variance);
  return plan.param(gamma).map((value, c) => value / Math.sqrt((factors[c] as number) + normEpsilon));
}

/** Emits the calls of a node, or of a convolution with what it takes in. */
export function emit(node: Node | Fused, plan: Lowering): void {
  if ("op" in node) perOp<[Lowering], void>(emitters, node, plan);
  else emitConvolution(node, plan);
}
