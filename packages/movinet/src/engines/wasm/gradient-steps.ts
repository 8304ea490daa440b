/** The backward pass: one emitter per gradient op. */
import type { GradientNode } from "../../graph/gradient.ts";
import {
  accumulate,
  bytes,
  channelSums,
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
import { gammaStep } from "./norm-steps.ts";

export const gradientSteps: Pick<Emitters, GradientNode["op"]> = {
  convInput(node, plan) {
    const { panels, columns, taps } = plan.scratch;
    const [x, y] = [plan.shape(node.like), plan.shape(node.dy)];
    const [from, to, kernel] = [plan.at(node.dy), plan.at(node.id), plan.param(node.kernel)];
    const width = node.size * node.size * x.channels;
    if (node.size === 1 && node.stride === 1) {
      const rows = pixels(y, plan.batch);
      return () => {
        plan.call("packTransposed", kernel, panels, y.channels, width);
        plan.call("multiply", from, panels, 0, to, rows, y.channels, width, taps);
      };
    }
    return () => {
      plan.call("packTransposed", kernel, panels, y.channels, width);
      plan.floats(to, count(x, plan.batch)).fill(0);
      eachPicture(plan, x, y, node, (picture, window) => {
        const area = y.height * y.width;
        plan.call("multiply", from + picture * bytes(y), panels, 0, columns, area, y.channels, width, taps);
        plan.call("windowsBack", columns, to + picture * bytes(x), 1, ...window);
      });
    };
  },
  convKernel(node, plan) {
    const { columns } = plan.scratch;
    const [x, y] = [plan.shape(node.x), plan.shape(node.dy)];
    const [from, dy, to] = [plan.at(node.x), plan.at(node.dy), plan.gradient(plan.paramOf(node))];
    if (node.size === 1 && node.stride === 1) {
      return () => plan.call("multiplyTransposed", from, dy, to, pixels(y, plan.batch), x.channels, y.channels);
    }
    const width = node.size * node.size * x.channels;
    return () =>
      eachPicture(plan, x, y, node, (picture, window) => {
        plan.call("windows", from + picture * bytes(x), columns, 1, ...window);
        plan.call("multiplyTransposed", columns, dy + picture * bytes(y), to, y.height * y.width, width, y.channels);
      });
  },
  depthwiseInput(node, plan) {
    const args = depthwiseArgs(plan, node, node.like, node.dy);
    const [from, to, kernel] = [plan.at(node.dy), plan.at(node.id), plan.param(node.kernel)];
    return () => plan.call("depthwiseInput", from, kernel, to, ...args, plan.scratch.taps);
  },
  depthwiseKernel(node, plan) {
    const args = depthwiseArgs(plan, node, node.x, node.dy);
    const [x, dy, to] = [plan.at(node.x), plan.at(node.dy), plan.gradient(plan.paramOf(node))];
    return () => plan.call("depthwiseKernel", x, dy, to, ...args);
  },
  channelSum(node, plan) {
    const { channels } = plan.shape(node.dy);
    const to = plan.gradient(plan.paramOf(node));
    const norm = plan.normOf(node.dy);
    return () => {
      const sums = norm ? plan.doubles(norm.sums, channels) : channelSums(plan, node.dy);
      accumulate(plan.floats(to, channels), (c) => sums[c] as number);
    };
  },
  normInput(node, plan) {
    const shape = plan.shape(node.dy);
    const { gain } = plan.norm(node.id);
    const [from, to] = [plan.at(node.dy), plan.at(node.id)];
    return () => plan.call("scaleChannels", from, gain, to, pixels(shape, plan.batch), shape.channels);
  },
  batchNormInput(node, plan) {
    const { channels } = plan.shape(node.dy);
    const rows = pixels(plan.shape(node.dy), plan.batch);
    const norm = plan.norm(node.x);
    const gamma = plan.param(node.gamma);
    const [dy, x, to] = [plan.at(node.dy), plan.at(node.x), plan.at(node.id)];
    const factors = plan.scratch.sums + 32 * channels;
    return () => {
      const [sums, products] = [plan.doubles(norm.sums, channels), plan.doubles(norm.products, channels)];
      const [m, inv] = [plan.floats(norm.mean, channels), plan.floats(norm.inverse, channels)];
      const g = plan.floats(gamma, channels);
      const table = plan.floats(factors, 3 * channels);
      for (let c = 0; c < channels; c++) {
        const scale = (g[c] as number) * (inv[c] as number);
        const tilt = (-scale * (inv[c] as number) ** 2 * (products[c] as number)) / rows;
        table[c] = scale;
        table[channels + c] = tilt;
        table[2 * channels + c] = (-scale * (sums[c] as number)) / rows - tilt * (m[c] as number);
      }
      const [b, e] = [factors + 4 * channels, factors + 8 * channels];
      plan.call("combine", dy, x, factors, b, e, to, rows, channels);
    };
  },
  normGamma: (node, plan) => gammaStep(node, plan),
  batchNormGamma: (node, plan) => gammaStep(node, plan),
  activationInput(node, plan) {
    const kind = kinds[node.kind];
    const shape = plan.shape(node.dy);
    const [dy, to] = [plan.at(node.dy), plan.at(node.id)];
    const norm = plan.fused(node.x);
    if (norm) {
      const { gain, shift, mean, sums, products } = plan.norm(norm.x);
      const from = plan.at(norm.x);
      const size = [pixels(shape, plan.batch), shape.channels] as const;
      const scratch = plan.scratch.sums;
      return () => plan.call("affineInput", kind, from, gain, shift, mean, dy, to, sums, products, scratch, ...size);
    }
    return () => plan.call("activationInput", kind, plan.at(node.x), dy, to, count(shape, plan.batch));
  },
  averagePoolInput(node, plan) {
    const [x, y] = [plan.shape(node.like), plan.shape(node.dy)];
    const to = plan.at(node.id);
    return () => {
      plan.floats(to, count(x, plan.batch)).fill(0);
      plan.call("averagePoolInput", plan.at(node.dy), to, ...poolArgs(plan, x, y));
    };
  },
  spatialMeanInput(node, plan) {
    const x = plan.shape(node.like);
    const area = x.height * x.width;
    const [from, to] = [plan.at(node.dy), plan.at(node.id)];
    return () => plan.call("spread", from, to, x.frames * plan.batch, area, x.channels, 1 / area);
  },
  frameMeanInput(node, plan) {
    const { frames } = plan.shape(node.like);
    const frame = frameFloats(plan, node.like);
    const [from, to] = [plan.at(node.dy), plan.at(node.id)];
    return () => {
      for (let t = 0; t < frames; t++) plan.call("scale", from, 1 / frames, to + 4 * t * frame, frame);
    };
  },
  reverseSum(node, plan) {
    const { frames } = plan.shape(node.dy);
    const [from, to, frame] = [plan.at(node.dy), plan.at(node.id), frameFloats(plan, node.dy)];
    return () => {
      const last = 4 * (frames - 1) * frame;
      copy(plan, from + last, to + last, frame);
      for (let at = last - 4 * frame; at >= 0; at -= 4 * frame) {
        plan.call("add", from + at, to + at + 4 * frame, to + at, frame);
      }
    };
  },
  frameSum: (node, plan) => () => sumFrames(plan, node.dy, node.id),
  channelSlice(node, plan) {
    const y = plan.shape(node.dy);
    const rows = pixels(y, plan.batch);
    const [from, to, width] = [plan.at(node.dy) + 4 * node.start, plan.at(node.id), 4 * node.channels];
    return () => plan.call("copyRows", from, to, rows, width, 4 * y.channels, width);
  },
  multiplyOther(node, plan) {
    const { batch } = plan;
    const [x, other] = [plan.shape(node.dy), plan.shape(node.like)];
    const [dy, a, to] = [plan.at(node.dy), plan.at(node.a), plan.at(node.id)];
    const rows = x.frames * batch;
    if (count(x, batch) === count(other, batch)) return () => plan.call("product", dy, a, to, count(x, batch));
    if (other.channels === 1) {
      const row = x.height * x.width * x.channels;
      return () => {
        const sums = plan.floats(to, rows);
        for (let n = 0; n < rows; n++) sums[n] = plan.call("dot", dy + 4 * n * row, a + 4 * n * row, row);
      };
    }
    return () => plan.call("pictureSums", dy, a, to, rows, x.height * x.width, x.channels, 1);
  },
  dot(node, plan) {
    const total = count(plan.shape(node.dy), plan.batch);
    const [dy, x, to] = [plan.at(node.dy), plan.at(node.x), plan.gradient(plan.paramOf(node))];
    return () => {
      const product = plan.call("dot", dy, x, total);
      accumulate(plan.floats(to, 1), () => product);
    };
  },
};
