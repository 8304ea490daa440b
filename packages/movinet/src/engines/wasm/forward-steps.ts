/** The forward pass: one emitter per op of the network, calling the kernels that compute it. */
import { encodingFrequencies } from "../../graph/encoding.ts";
import type { OpKind } from "../../graph/ir.ts";
import {
  bytes,
  copy,
  count,
  depthwiseArgs,
  type Emitters,
  eachPicture,
  frameFloats,
  kinds,
  pixels,
  poolArgs,
  sumFrames,
} from "./context.ts";
import { batchFactors, normStep, storedFactors } from "./norm-steps.ts";

export const forwardSteps: Pick<Emitters, OpKind | "batchNorm"> = {
  input: () => () => {},
  conv(node, plan) {
    const { panels, columns, taps } = plan.scratch;
    const [x, y] = [plan.shape(node.x), plan.shape(node.id)];
    const [from, to, kernel] = [plan.at(node.x), plan.at(node.id), plan.param(node.kernel)];
    const bias = node.bias === null ? 0 : plan.param(node.bias);
    const rows = pixels(y, plan.batch);
    const [C, N] = [x.channels, y.channels];
    if (node.size === 1 && node.stride === 1) {
      return () => {
        plan.call("pack", kernel, panels, C, N);
        plan.call("multiply", from, panels, bias, to, rows, C, N, taps);
      };
    }
    const width = node.size * node.size * C;
    return () => {
      plan.call("pack", kernel, panels, width, N);
      eachPicture(plan, x, y, node, (picture, window) => {
        plan.call("windows", from + picture * bytes(x), columns, 1, ...window);
        plan.call("multiply", columns, panels, bias, to + picture * bytes(y), y.height * y.width, width, N, taps);
      });
    };
  },
  depthwise(node, plan) {
    const args = depthwiseArgs(plan, node, node.x, node.id);
    const bias = node.bias === null ? 0 : plan.param(node.bias);
    const [from, to, kernel] = [plan.at(node.x), plan.at(node.id), plan.param(node.kernel)];
    return () => plan.call("depthwise", from, kernel, bias, to, ...args, plan.scratch.taps);
  },
  norm: (node, plan) => normStep(node, plan, () => storedFactors(node, plan)),
  batchNorm: (node, plan) => normStep(node, plan, () => batchFactors(node, plan)),
  activation(node, plan) {
    const kind = kinds[node.kind];
    const norm = plan.fused(node.x);
    const to = plan.at(node.id);
    const shape = plan.shape(node.id);
    if (norm) {
      const { gain, shift } = plan.norm(norm.x);
      const from = plan.at(norm.x);
      const rows = pixels(shape, plan.batch);
      return () => plan.call("affine", kind, from, gain, shift, to, rows, shape.channels);
    }
    const from = plan.at(node.x);
    return () => plan.call("activation", kind, from, to, count(shape, plan.batch));
  },
  averagePool(node, plan) {
    const [x, y] = [plan.shape(node.x), plan.shape(node.id)];
    return () => plan.call("averagePool", plan.at(node.x), plan.at(node.id), ...poolArgs(plan, x, y));
  },
  spatialMean(node, plan) {
    const x = plan.shape(node.x);
    const area = x.height * x.width;
    const [from, to] = [plan.at(node.x), plan.at(node.id)];
    return () => plan.call("pictureSums", from, 0, to, x.frames * plan.batch, area, x.channels, 1 / area);
  },
  frameMean(node, plan) {
    const x = plan.shape(node.x);
    return () => {
      sumFrames(plan, node.x, node.id);
      plan.call("scale", plan.at(node.id), 1 / x.frames, plan.at(node.id), count(x, plan.batch) / x.frames);
    };
  },
  cumulativeSum(node, plan) {
    const { frames } = plan.shape(node.x);
    const [from, to, frame] = [plan.at(node.x), plan.at(node.id), frameFloats(plan, node.x)];
    const initial = node.initial === null ? null : plan.at(node.initial);
    return () => {
      if (initial === null) copy(plan, from, to, frame);
      else plan.call("add", from, initial, to, frame);
      for (let t = 1; t < frames; t++) {
        const at = 4 * t * frame;
        plan.call("add", from + at, to + at - 4 * frame, to + at, frame);
      }
    };
  },
  slice(node, plan) {
    const frame = frameFloats(plan, node.x);
    const [from, to] = [plan.at(node.x) + 4 * node.start * frame, plan.at(node.id)];
    return () => copy(plan, from, to, node.count * frame);
  },
  join(node, plan) {
    const to = plan.at(node.id);
    return () => {
      let at = to;
      for (const x of node.xs) {
        const floats = count(plan.shape(x), plan.batch);
        copy(plan, plan.at(x), at, floats);
        at += 4 * floats;
      }
    };
  },
  pad(node, plan) {
    const frame = frameFloats(plan, node.x);
    const floats = count(plan.shape(node.x), plan.batch);
    const [from, to] = [plan.at(node.x), plan.at(node.id)];
    return () => {
      plan.floats(to, node.before * frame).fill(0);
      copy(plan, from, to + 4 * node.before * frame, floats);
      plan.floats(to + 4 * (node.before * frame + floats), node.after * frame).fill(0);
    };
  },
  repeat(node, plan) {
    const frame = frameFloats(plan, node.x);
    const [from, to] = [plan.at(node.x), plan.at(node.id)];
    return () => {
      for (let t = 0; t < node.count; t++) copy(plan, from, to + 4 * t * frame, frame);
    };
  },
  concat(node, plan) {
    const y = plan.shape(node.id);
    const rows = pixels(y, plan.batch);
    return () => {
      let start = 0;
      for (const x of node.xs) {
        const { channels } = plan.shape(x);
        const to = plan.at(node.id) + 4 * start;
        plan.call("copyRows", plan.at(x), to, rows, 4 * channels, 4 * channels, 4 * y.channels);
        start += channels;
      }
    };
  },
  add(node, plan) {
    const [a, b, to] = [plan.at(node.a), plan.at(node.b), plan.at(node.id)];
    return () => plan.call("add", a, b, to, count(plan.shape(node.id), plan.batch));
  },
  multiply(node, plan) {
    const { batch } = plan;
    const [a, b, to] = [plan.at(node.a), plan.at(node.b), plan.at(node.id)];
    const [x, other] = [plan.shape(node.a), plan.shape(node.b)];
    const area = x.height * x.width;
    const rows = x.frames * batch;
    if (count(x, batch) === count(other, batch)) return () => plan.call("product", a, b, to, count(x, batch));
    if (other.height * other.width !== 1)
      throw new Error(`internal: ${node.id} broadcasts along one side of a picture`);
    if (other.channels === 1) return () => plan.call("scaleRows", a, b, to, rows, area * x.channels);
    return () => plan.call("gate", a, b, to, rows, area, x.channels);
  },
  scale(node, plan) {
    const [from, to, factor] = [plan.at(node.x), plan.at(node.id), plan.param(node.factor)];
    const total = count(plan.shape(node.id), plan.batch);
    return () => plan.call("scale", from, plan.floats(factor, 1)[0] as number, to, total);
  },
  positionalEncoding(node, plan) {
    const [sines, cosines] = encodingFrequencies(node.channels);
    const rows = plan.shape(node.id).frames * plan.batch;
    return () => {
      const positions = plan.floats(plan.at(node.x), rows);
      const to = plan.floats(plan.at(node.id), rows * node.channels);
      for (const [r, position] of positions.entries()) {
        const at = r * node.channels;
        for (const [i, frequency] of sines.entries()) to[at + i] = Math.sin(position * frequency);
        for (const [i, frequency] of cosines.entries()) to[at + sines.length + i] = Math.cos(position * frequency);
      }
    };
  },
};
