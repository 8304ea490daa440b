/** One emitter per op of a training graph: the calls of kernels that compute it. Values are `[T · B, H, W, C]`. */
import type { BatchNormNode, GradientNode, TrainingNode, TrainingNodeOf } from "../../graph/gradient.ts";
import { encodingFrequencies } from "../../graph/interpret.ts";
import { type ActivationKind, type Node, normEpsilon, type Shape } from "../../graph/ir.ts";
import { samePadding } from "../../graph/shapes.ts";

/** The functions of the compiled kernels; all arguments are byte offsets, counts or sizes. */
export type Kernels = Readonly<Record<string, (...args: readonly number[]) => number>>;

/** What a norm needs at run time: its factors and offsets per channel, and the statistics behind them. */
export interface NormRoom {
  readonly gain: number;
  readonly shift: number;
  readonly mean: number;
  /** 1 / √(variance + ε) */
  readonly inverse: number;
  /** Sums over rows of the gradient of the norm's result, and of its product with the centred input: float64. */
  readonly sums: number;
  readonly products: number;
}

/** What the emitters know about the program in the making. */
export interface Site {
  readonly kernels: Kernels;
  readonly batch: number;
  shape(value: string): Shape;
  /** Byte offset of a value. */
  at(value: string): number;
  param(name: string): number;
  gradient(param: string): number;
  /** The parameter whose gradient a node computes. */
  paramOf(node: GradientNode): string;
  /** A norm's room by the value that it normalizes. */
  norm(x: string): NormRoom;
  /** The room of the norm whose result has this gradient. */
  normOf(gradient: string): NormRoom | undefined;
  /** Whether an activation that took in its norm added up the sums of this gradient. */
  fusedSums(gradient: string): boolean;
  /** The norm that was taken into the activation that reads it, by the norm's value. */
  fused(value: string): { readonly x: string } | undefined;
  /** `floats` of the program's memory from a byte offset. */
  floats(offset: number, count: number): Float32Array;
  doubles(offset: number, count: number): Float64Array;
  /** Offsets of room that any step may use. */
  readonly room: { readonly panels: number; readonly columns: number; readonly taps: number; readonly sums: number };
}

export type Step = () => void;
type Emit<N> = (node: N, site: Site) => Step;
type Emitters = { readonly [Kind in TrainingNode["op"]]: Emit<TrainingNodeOf<Kind>> };

const kinds: Readonly<Record<ActivationKind, number>> = {
  swish: 0,
  hard_swish: 1,
  relu6: 2,
  sigmoid: 3,
  hard_sigmoid_a: 4,
  hard_sigmoid_b: 5,
};
const identity = 6;

const nothing = () => () => {};

export const emitters: Emitters = {
  input: nothing,
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
    return () => {
      copy(site, from, to, frame);
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

/** Calls a kernel. */
function call(kernels: Kernels, name: string, ...args: readonly number[]): number {
  return (kernels[name] as (...args: readonly number[]) => number)(...args);
}

/** Rows of channels in a value. */
function pixels({ frames, height, width }: Shape, batch: number): number {
  return frames * batch * height * width;
}

/** Floats of a value. */
export function count(shape: Shape, batch: number): number {
  return pixels(shape, batch) * shape.channels;
}

/** Bytes of one picture. */
function bytes({ channels, height, width }: Shape): number {
  return 4 * channels * height * width;
}

function frameFloats(site: Site, value: string): number {
  const shape = site.shape(value);
  return count(shape, site.batch) / shape.frames;
}

function copy(site: Site, from: number, to: number, floats: number): void {
  call(site.kernels, "copyRows", from, to, 1, 4 * floats, 0, 0);
}

function accumulate(target: Float32Array, value: (i: number) => number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) + value(i);
}

function sumFrames(site: Site, from: string, to: string): void {
  const { frames } = site.shape(from);
  const frame = frameFloats(site, from);
  copy(site, site.at(from), site.at(to), frame);
  for (let t = 1; t < frames; t++) {
    call(site.kernels, "add", site.at(to), site.at(from) + 4 * t * frame, site.at(to), frame);
  }
}

function eachPicture(
  site: Site,
  x: Shape,
  y: Shape,
  { size, stride }: { readonly size: number; readonly stride: number },
  visit: (picture: number, window: readonly number[]) => void,
): void {
  const top = samePadding(x.height, size, stride).begin;
  const left = samePadding(x.width, size, stride).begin;
  const window = [x.height, x.width, x.channels, y.height, y.width, size, stride, top, left];
  for (let n = 0; n < x.frames * site.batch; n++) visit(n, window);
}

function poolArgs(site: Site, x: Shape, y: Shape): readonly number[] {
  const top = samePadding(x.height, 3, 2).begin;
  const left = samePadding(x.width, 3, 2).begin;
  return [x.frames * site.batch, x.height, x.width, x.channels, y.height, y.width, top, left];
}

/** The sizes that all three depthwise kernels take; one pixel wide windows see a picture as one row. */
function depthwiseArgs(
  site: Site,
  { size, stride, time }: Pick<TrainingNodeOf<"depthwiseInput">, "size" | "stride" | "time">,
  from: string,
  to: string,
): readonly number[] {
  const [x, y] = [site.shape(from), site.shape(to)];
  const flat = size === 1 && stride === 1;
  const [height, width] = flat ? [1, x.height * x.width] : [x.height, x.width];
  const [outHeight, outWidth] = flat ? [1, y.height * y.width] : [y.height, y.width];
  const top = samePadding(height, size, stride).begin;
  const left = samePadding(width, size, stride).begin;
  const frames = [site.batch, x.frames, y.frames, height, width, x.channels, outHeight, outWidth];
  return [...frames, time.taps, size, stride, time.before, top, left];
}

/** Sums over rows of a gradient. */
function channelSums(site: Site, dy: string): Float64Array {
  const shape = site.shape(dy);
  const { channels } = shape;
  const rows = pixels(shape, site.batch);
  const { sums } = site.room;
  const totals = site.doubles(sums, channels);
  if (channels % 4 === 0) {
    call(site.kernels, "channelSums", site.at(dy), 0, 0, sums, 0, sums + 8 * channels, rows, channels);
  } else {
    // Only the last layer's width is free, and it has a row for each clip.
    totals.fill(0);
    const values = site.floats(site.at(dy), rows * channels);
    for (const [i, value] of values.entries()) totals[i % channels] = (totals[i % channels] as number) + value;
  }
  return totals;
}

function normStep(node: (Node & { readonly op: "norm" }) | BatchNormNode, site: Site, prepare: Step): Step {
  if (site.fused(node.id)) return prepare;
  const shape = site.shape(node.id);
  const { gain, shift } = site.norm(node.x);
  const [from, to] = [site.at(node.x), site.at(node.id)];
  const rows = pixels(shape, site.batch);
  return () => {
    prepare();
    call(site.kernels, "affine", identity, from, gain, shift, to, rows, shape.channels);
  };
}

function storedFactors(node: TrainingNodeOf<"norm">, site: Site): void {
  const { channels } = site.shape(node.id);
  const variance = site.floats(site.param(node.variance), channels);
  fillFactors(
    node,
    site,
    (c) => site.floats(site.param(node.mean), channels)[c] as number,
    (c) => variance[c] as number,
  );
}

function batchFactors(node: BatchNormNode, site: Site): void {
  const shape = site.shape(node.id);
  const { channels } = shape;
  const rows = pixels(shape, site.batch);
  const { sums } = site.room;
  const [squares, room] = [sums + 8 * channels, sums + 16 * channels];
  call(site.kernels, "moments", site.at(node.x), sums, squares, room, rows, channels);
  const [total, square] = [site.doubles(sums, channels), site.doubles(squares, channels)];
  const first = site.floats(site.at(node.x), channels);
  const mean = (c: number) => (total[c] as number) / rows;
  fillFactors(
    node,
    site,
    (c) => mean(c) + (first[c] as number),
    (c) => Math.max(0, (square[c] as number) / rows - mean(c) ** 2),
  );
}

function fillFactors(
  node: { readonly id: string; readonly x: string; readonly gamma: string; readonly beta: string },
  site: Site,
  meanOf: (c: number) => number,
  varianceOf: (c: number) => number,
): void {
  const { channels } = site.shape(node.id);
  const norm = site.norm(node.x);
  const [gamma, beta] = [site.floats(site.param(node.gamma), channels), site.floats(site.param(node.beta), channels)];
  const [gain, shift] = [site.floats(norm.gain, channels), site.floats(norm.shift, channels)];
  const [mean, inverse] = [site.floats(norm.mean, channels), site.floats(norm.inverse, channels)];
  for (let c = 0; c < channels; c++) {
    const inv = 1 / Math.sqrt(varianceOf(c) + normEpsilon);
    mean[c] = meanOf(c);
    inverse[c] = inv;
    gain[c] = (gamma[c] as number) * inv;
    shift[c] = (beta[c] as number) - meanOf(c) * (gamma[c] as number) * inv;
  }
}

/** The gradient of gamma; where an activation that took in the norm did not, it also adds up what the norm's rules share. */
function gammaStep(node: TrainingNodeOf<"normGamma"> | TrainingNodeOf<"batchNormGamma">, site: Site): Step {
  const shape = site.shape(node.dy);
  const { channels } = shape;
  const { mean, inverse, sums, products } = site.norm(node.x);
  const to = site.gradient(site.paramOf(node));
  const [dy, x, rows] = [site.at(node.dy), site.at(node.x), pixels(shape, site.batch)];
  const ready = site.fusedSums(node.dy);
  return () => {
    if (!ready) call(site.kernels, "channelSums", dy, x, mean, sums, products, site.room.sums, rows, channels);
    const [inv, product] = [site.floats(inverse, channels), site.doubles(products, channels)];
    accumulate(site.floats(to, channels), (c) => (product[c] as number) * (inv[c] as number));
  };
}
