/** The way back: one emitter per gradient op. */
import type { GradientNode } from "../../graph/gradient.ts";
import { gammaStep } from "./norm-steps.ts";
import {
  accumulate,
  bytes,
  call,
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
} from "./site.ts";

export const gradientSteps: Pick<Emitters, GradientNode["op"]> = {
  convInput(node, site) {
    const { kernels: k, room } = site;
    const [x, y] = [site.shape(node.like), site.shape(node.dy)];
    const [from, to, kernel] = [site.at(node.dy), site.at(node.id), site.param(node.kernel)];
    const width = node.size * node.size * x.channels;
    if (node.size === 1 && node.stride === 1) {
      const rows = pixels(y, site.batch);
      return () => {
        call(k, "packTransposed", kernel, room.panels, y.channels, width);
        call(k, "multiply", from, room.panels, 0, to, rows, y.channels, width, room.taps);
      };
    }
    return () => {
      call(k, "packTransposed", kernel, room.panels, y.channels, width);
      site.floats(to, count(x, site.batch)).fill(0);
      eachPicture(site, x, y, node, (picture, window) => {
        const area = y.height * y.width;
        call(
          k,
          "multiply",
          from + picture * bytes(y),
          room.panels,
          0,
          room.columns,
          area,
          y.channels,
          width,
          room.taps,
        );
        call(k, "windowsBack", room.columns, to + picture * bytes(x), 1, ...window);
      });
    };
  },
  convKernel(node, site) {
    const { kernels: k, room } = site;
    const [x, y] = [site.shape(node.x), site.shape(node.dy)];
    const [from, dy, to] = [site.at(node.x), site.at(node.dy), site.gradient(site.paramOf(node))];
    if (node.size === 1 && node.stride === 1) {
      return () => call(k, "multiplyTransposed", from, dy, to, pixels(y, site.batch), x.channels, y.channels);
    }
    const width = node.size * node.size * x.channels;
    return () =>
      eachPicture(site, x, y, node, (picture, window) => {
        call(k, "windows", from + picture * bytes(x), room.columns, 1, ...window);
        call(k, "multiplyTransposed", room.columns, dy + picture * bytes(y), to, y.height * y.width, width, y.channels);
      });
  },
  depthwiseInput(node, site) {
    const args = depthwiseArgs(site, node, node.like, node.dy);
    const [from, to, kernel] = [site.at(node.dy), site.at(node.id), site.param(node.kernel)];
    return () => call(site.kernels, "depthwiseInput", from, kernel, to, ...args, site.room.taps);
  },
  depthwiseKernel(node, site) {
    const args = depthwiseArgs(site, node, node.x, node.dy);
    const [x, dy, to] = [site.at(node.x), site.at(node.dy), site.gradient(site.paramOf(node))];
    return () => call(site.kernels, "depthwiseKernel", x, dy, to, ...args);
  },
  channelSum(node, site) {
    const { channels } = site.shape(node.dy);
    const to = site.gradient(site.paramOf(node));
    const norm = site.normOf(node.dy);
    return () => {
      const sums = norm ? site.doubles(norm.sums, channels) : channelSums(site, node.dy);
      accumulate(site.floats(to, channels), (c) => sums[c] as number);
    };
  },
  normInput(node, site) {
    const shape = site.shape(node.dy);
    const { gain } = site.norm(node.id);
    const [from, to] = [site.at(node.dy), site.at(node.id)];
    return () => call(site.kernels, "scaleChannels", from, gain, to, pixels(shape, site.batch), shape.channels);
  },
  batchNormInput(node, site) {
    const { channels } = site.shape(node.dy);
    const rows = pixels(site.shape(node.dy), site.batch);
    const norm = site.norm(node.x);
    const gamma = site.param(node.gamma);
    const [dy, x, to] = [site.at(node.dy), site.at(node.x), site.at(node.id)];
    const factors = site.room.sums + 32 * channels;
    return () => {
      const [sums, products] = [site.doubles(norm.sums, channels), site.doubles(norm.products, channels)];
      const [m, inv] = [site.floats(norm.mean, channels), site.floats(norm.inverse, channels)];
      const g = site.floats(gamma, channels);
      const table = site.floats(factors, 3 * channels);
      for (let c = 0; c < channels; c++) {
        const scale = (g[c] as number) * (inv[c] as number);
        const tilt = (-scale * (inv[c] as number) ** 2 * (products[c] as number)) / rows;
        table[c] = scale;
        table[channels + c] = tilt;
        table[2 * channels + c] = (-scale * (sums[c] as number)) / rows - tilt * (m[c] as number);
      }
      const [b, e] = [factors + 4 * channels, factors + 8 * channels];
      call(site.kernels, "combine", dy, x, factors, b, e, to, rows, channels);
    };
  },
  normGamma: (node, site) => gammaStep(node, site),
  batchNormGamma: (node, site) => gammaStep(node, site),
  activationInput(node, site) {
    const kind = kinds[node.kind];
    const shape = site.shape(node.dy);
    const [dy, to] = [site.at(node.dy), site.at(node.id)];
    const norm = site.fused(node.x);
    if (norm) {
      const { gain, shift, mean, sums, products } = site.norm(norm.x);
      const from = site.at(norm.x);
      const size = [pixels(shape, site.batch), shape.channels] as const;
      const room = site.room.sums;
      return () =>
        call(site.kernels, "affineInput", kind, from, gain, shift, mean, dy, to, sums, products, room, ...size);
    }
    return () => call(site.kernels, "activationInput", kind, site.at(node.x), dy, to, count(shape, site.batch));
  },
  averagePoolInput(node, site) {
    const [x, y] = [site.shape(node.like), site.shape(node.dy)];
    const to = site.at(node.id);
    return () => {
      site.floats(to, count(x, site.batch)).fill(0);
      call(site.kernels, "averagePoolInput", site.at(node.dy), to, ...poolArgs(site, x, y));
    };
  },
  spatialMeanInput(node, site) {
    const x = site.shape(node.like);
    const area = x.height * x.width;
    const [from, to] = [site.at(node.dy), site.at(node.id)];
    return () => call(site.kernels, "spread", from, to, x.frames * site.batch, area, x.channels, 1 / area);
  },
  frameMeanInput(node, site) {
    const { frames } = site.shape(node.like);
    const frame = frameFloats(site, node.like);
    const [from, to] = [site.at(node.dy), site.at(node.id)];
    return () => {
      for (let t = 0; t < frames; t++) call(site.kernels, "scale", from, 1 / frames, to + 4 * t * frame, frame);
    };
  },
  reverseSum(node, site) {
    const { frames } = site.shape(node.dy);
    const [from, to, frame] = [site.at(node.dy), site.at(node.id), frameFloats(site, node.dy)];
    return () => {
      const last = 4 * (frames - 1) * frame;
      copy(site, from + last, to + last, frame);
      for (let at = last - 4 * frame; at >= 0; at -= 4 * frame) {
        call(site.kernels, "add", from + at, to + at + 4 * frame, to + at, frame);
      }
    };
  },
  frameSum: (node, site) => () => sumFrames(site, node.dy, node.id),
  channelSlice(node, site) {
    const y = site.shape(node.dy);
    const rows = pixels(y, site.batch);
    const [from, to, width] = [site.at(node.dy) + 4 * node.start, site.at(node.id), 4 * node.channels];
    return () => call(site.kernels, "copyRows", from, to, rows, width, 4 * y.channels, width);
  },
  multiplyOther(node, site) {
    const { kernels: k, batch } = site;
    const [x, other] = [site.shape(node.dy), site.shape(node.like)];
    const [dy, a, to] = [site.at(node.dy), site.at(node.a), site.at(node.id)];
    const rows = x.frames * batch;
    if (count(x, batch) === count(other, batch)) return () => call(k, "product", dy, a, to, count(x, batch));
    if (other.channels === 1) {
      const row = x.height * x.width * x.channels;
      return () => {
        const sums = site.floats(to, rows);
        for (let n = 0; n < rows; n++) sums[n] = call(k, "dot", dy + 4 * n * row, a + 4 * n * row, row);
      };
    }
    return () => call(k, "pictureSums", dy, a, to, rows, x.height * x.width, x.channels, 1);
  },
  dot(node, site) {
    const total = count(site.shape(node.dy), site.batch);
    const [dy, x, to] = [site.at(node.dy), site.at(node.x), site.gradient(site.paramOf(node))];
    return () => {
      const product = call(site.kernels, "dot", dy, x, total);
      accumulate(site.floats(to, 1), () => product);
    };
  },
};
