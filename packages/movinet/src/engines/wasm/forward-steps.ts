/** The way forth: one emitter per op of the network, the calls of kernels that compute it. */
import { encodingFrequencies } from "../../graph/interpret.ts";
import type { OpKind } from "../../graph/ir.ts";
import { batchFactors, normStep, storedFactors } from "./norm-steps.ts";
import {
  bytes,
  call,
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
} from "./site.ts";

export const forwardSteps: Pick<Emitters, OpKind | "batchNorm"> = {
  input: () => () => {},
  conv(node, site) {
    const { kernels: k, room } = site;
    const [x, y] = [site.shape(node.x), site.shape(node.id)];
    const [from, to, kernel] = [site.at(node.x), site.at(node.id), site.param(node.kernel)];
    const bias = node.bias === null ? 0 : site.param(node.bias);
    const rows = pixels(y, site.batch);
    const [C, N] = [x.channels, y.channels];
    if (node.size === 1 && node.stride === 1) {
      return () => {
        call(k, "pack", kernel, room.panels, C, N);
        call(k, "multiply", from, room.panels, bias, to, rows, C, N, room.taps);
      };
    }
    const width = node.size * node.size * C;
    return () => {
      call(k, "pack", kernel, room.panels, width, N);
      eachPicture(site, x, y, node, (picture, window) => {
        call(k, "windows", from + picture * bytes(x), room.columns, 1, ...window);
        call(
          k,
          "multiply",
          room.columns,
          room.panels,
          bias,
          to + picture * bytes(y),
          y.height * y.width,
          width,
          N,
          room.taps,
        );
      });
    };
  },
  depthwise(node, site) {
    const args = depthwiseArgs(site, node, node.x, node.id);
    const bias = node.bias === null ? 0 : site.param(node.bias);
    const [from, to, kernel] = [site.at(node.x), site.at(node.id), site.param(node.kernel)];
    return () => call(site.kernels, "depthwise", from, kernel, bias, to, ...args, site.room.taps);
  },
  norm: (node, site) => normStep(node, site, () => storedFactors(node, site)),
  batchNorm: (node, site) => normStep(node, site, () => batchFactors(node, site)),
  activation(node, site) {
    const kind = kinds[node.kind];
    const norm = site.fused(node.x);
    const to = site.at(node.id);
    const shape = site.shape(node.id);
    if (norm) {
      const { gain, shift } = site.norm(norm.x);
      const from = site.at(norm.x);
      const rows = pixels(shape, site.batch);
      return () => call(site.kernels, "affine", kind, from, gain, shift, to, rows, shape.channels);
    }
    const from = site.at(node.x);
    return () => call(site.kernels, "activation", kind, from, to, count(shape, site.batch));
  },
  averagePool(node, site) {
    const [x, y] = [site.shape(node.x), site.shape(node.id)];
    return () => call(site.kernels, "averagePool", site.at(node.x), site.at(node.id), ...poolArgs(site, x, y));
  },
  spatialMean(node, site) {
    const x = site.shape(node.x);
    const area = x.height * x.width;
    const [from, to] = [site.at(node.x), site.at(node.id)];
    return () => call(site.kernels, "pictureSums", from, 0, to, x.frames * site.batch, area, x.channels, 1 / area);
  },
  frameMean(node, site) {
    const x = site.shape(node.x);
    return () => {
      sumFrames(site, node.x, node.id);
      call(site.kernels, "scale", site.at(node.id), 1 / x.frames, site.at(node.id), count(x, site.batch) / x.frames);
    };
  },
  cumulativeSum(node, site) {
    const { frames } = site.shape(node.x);
    const [from, to, frame] = [site.at(node.x), site.at(node.id), frameFloats(site, node.x)];
    const initial = node.initial === null ? null : site.at(node.initial);
    return () => {
      if (initial === null) copy(site, from, to, frame);
      else call(site.kernels, "add", from, initial, to, frame);
      for (let t = 1; t < frames; t++) {
        const at = 4 * t * frame;
        call(site.kernels, "add", from + at, to + at - 4 * frame, to + at, frame);
      }
    };
  },
  slice(node, site) {
    const frame = frameFloats(site, node.x);
    const [from, to] = [site.at(node.x) + 4 * node.start * frame, site.at(node.id)];
    return () => copy(site, from, to, node.count * frame);
  },
  join(node, site) {
    const to = site.at(node.id);
    return () => {
      let at = to;
      for (const x of node.xs) {
        const floats = count(site.shape(x), site.batch);
        copy(site, site.at(x), at, floats);
        at += 4 * floats;
      }
    };
  },
  pad(node, site) {
    const frame = frameFloats(site, node.x);
    const floats = count(site.shape(node.x), site.batch);
    const [from, to] = [site.at(node.x), site.at(node.id)];
    return () => {
      site.floats(to, node.before * frame).fill(0);
      copy(site, from, to + 4 * node.before * frame, floats);
      site.floats(to + 4 * (node.before * frame + floats), node.after * frame).fill(0);
    };
  },
  repeat(node, site) {
    const frame = frameFloats(site, node.x);
    const [from, to] = [site.at(node.x), site.at(node.id)];
    return () => {
      for (let t = 0; t < node.count; t++) copy(site, from, to + 4 * t * frame, frame);
    };
  },
  concat(node, site) {
    const y = site.shape(node.id);
    const rows = pixels(y, site.batch);
    return () => {
      let start = 0;
      for (const x of node.xs) {
        const { channels } = site.shape(x);
        const to = site.at(node.id) + 4 * start;
        call(site.kernels, "copyRows", site.at(x), to, rows, 4 * channels, 4 * channels, 4 * y.channels);
        start += channels;
      }
    };
  },
  add(node, site) {
    const [a, b, to] = [site.at(node.a), site.at(node.b), site.at(node.id)];
    return () => call(site.kernels, "add", a, b, to, count(site.shape(node.id), site.batch));
  },
  multiply(node, site) {
    const { kernels: k, batch } = site;
    const [a, b, to] = [site.at(node.a), site.at(node.b), site.at(node.id)];
    const [x, other] = [site.shape(node.a), site.shape(node.b)];
    const area = x.height * x.width;
    const rows = x.frames * batch;
    if (count(x, batch) === count(other, batch)) return () => call(k, "product", a, b, to, count(x, batch));
    if (other.height * other.width !== 1)
      throw new Error(`internal: ${node.id} broadcasts along one side of a picture`);
    if (other.channels === 1) return () => call(k, "scaleRows", a, b, to, rows, area * x.channels);
    return () => call(k, "gate", a, b, to, rows, area, x.channels);
  },
  scale(node, site) {
    const [from, to, factor] = [site.at(node.x), site.at(node.id), site.param(node.factor)];
    const total = count(site.shape(node.id), site.batch);
    return () => call(site.kernels, "scale", from, site.floats(factor, 1)[0] as number, to, total);
  },
  positionalEncoding(node, site) {
    const frequencies = encodingFrequencies(node.channels);
    const order = [...frequencies.keys()].sort((a, b) => (a % 2) - (b % 2) || a - b);
    const rows = site.shape(node.id).frames * site.batch;
    return () => {
      const positions = site.floats(site.at(node.x), rows);
      const to = site.floats(site.at(node.id), rows * node.channels);
      for (const [r, position] of positions.entries()) {
        for (const [i, c] of order.entries()) {
          const angle = position * (frequencies[c] as number);
          to[r * node.channels + i] = c % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
        }
      }
    };
  },
};
