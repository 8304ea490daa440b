/** Emitters of convolutions, with what they take in. */
import type { NodeOf, Shape } from "../../../graph/ir.ts";
import { samePadding } from "../../../graph/shapes.ts";
import { type Address, isCheap, kinds, moved, padded, pictureBytes } from "./calls.ts";
import { type Fused, isPointwise } from "./fuse.ts";
import type { Lowering, View } from "./lowering.ts";
import { vector, windows } from "./pack.ts";

export function emitConvolution(fused: Fused, plan: Lowering): void {
  const { convolution } = fused;
  if (convolution.op === "depthwise") depthwise(convolution, fused, plan);
  else if (isPointwise(convolution)) pointwise(convolution, fused, plan);
  else windowed(convolution, fused, plan);
}

/** The number of an activation that the kernel computes along: 0 where there is none, or it needs a pass of its own. */
function kindAlong({ activation }: Fused): number {
  return activation !== null && isCheap(activation) ? kinds[activation] : 0;
}

/** The activation that no kernel computed along. */
function activateAfter({ value, activation }: Fused, to: Address, plan: Lowering): void {
  const shape = plan.shape(value);
  if (activation === null || isCheap(activation)) return;
  plan.activate(to, (shape.frames * plan.frameBytes(shape)) / 4, activation);
}

function biasOf(name: string | null, channels: number, plan: Lowering): Address {
  if (name === null) return plan.constant(`zeros ${channels}`, () => vector(null, channels));
  return plan.constant(`bias ${name}`, () => vector(plan.param(name), channels));
}

function pointwise(node: NodeOf<"conv">, fused: Fused, plan: Lowering): void {
  const { value, activation, skip, gated } = fused;
  const K = plan.shape(node.x).channels;
  const N = node.filters;
  const { height, width } = plan.shape(value);
  const pixels = height * width;
  const pictures = plan.pictures(value);
  const [weights, bias] = [plan.panels(node.kernel, K, N), biasOf(node.bias, N, plan)];
  if (pixels * pictures === 1) {
    const [x, to] = [plan.whole(node.x), plan.place(value)];
    plan.call("vector", x, weights, bias, to, K, N, activation === null ? 0 : kinds[activation]);
    if (skip !== null) plan.call("add", to, plan.whole(skip), to, padded(N));
    return;
  }
  const along = kindAlong(fused);
  const addsAlong = skip !== null && (activation === null || along !== 0);
  const added = addsAlong ? plan.whole(skip) : 0;
  if (gated && pixels >= N) {
    const [x, gates] = [plan.whole(gated.x), plan.whole(gated.gate)];
    const scaled = plan.scratch(4 * K * Math.ceil(N / 8) * 8);
    const to = plan.place(value);
    const [stepX, stepY] = [4 * padded(K) * pixels, 4 * padded(N) * pixels];
    for (let n = 0; n < pictures; n++) {
      plan.call("scalePanels", weights, moved(gates, n * 4 * padded(K)), scaled, K, N);
      const from = moved(x, n * stepX);
      const residual = added === 0 ? 0 : moved(added, n * stepY);
      plan.call("multiply", from, scaled, bias, residual, moved(to, n * stepY), pixels, K, N, along);
    }
  } else {
    const x = gated ? gatedInput(gated, plan) : plan.whole(node.x);
    plan.call("multiply", x, weights, bias, added, plan.place(value), pixels * pictures, K, N, along);
  }
  const to = plan.whole(value);
  activateAfter(fused, to, plan);
  if (skip !== null && !addsAlong) plan.call("add", to, plan.whole(skip), to, pictures * pixels * padded(N));
}

function gatedInput({ x, gate }: NonNullable<Fused["gated"]>, plan: Lowering): Address {
  const shape = plan.shape(x);
  const to = plan.scratch(shape.frames * plan.frameBytes(shape));
  const [pictures, cell] = [plan.pictures(x), 4 * padded(shape.channels)];
  const sides = [pictures, 1, shape.height * shape.width, padded(shape.channels)];
  plan.call("product", plan.whole(x), plan.whole(gate), to, ...sides, cell, 0, 0, 1);
  return to;
}

/** Any size and stride: over a copy of each picture with a border of zeros. */
function windowed(node: NodeOf<"conv">, fused: Fused, plan: Lowering): void {
  const { size, stride, filters } = node;
  const image = plan.raw(node.x);
  const { channels, height, width } = image.shape;
  const y = plan.shape(fused.value);
  const x = image.planar ? (image.frames[0] as Address) : plan.whole(node.x);
  const side = (extent: number, out: number) => {
    const { begin } = samePadding(extent, size, stride);
    return { begin, end: Math.max(0, (out - 1) * stride + size - begin - extent) };
  };
  const [rows, columns] = [side(height, y.height), side(width, y.width)];
  const pixel = image.planar ? 4 : 4 * padded(channels);
  const planes = image.planar ? channels : 1;
  const pitch = (columns.begin + width + columns.end) * pixel;
  const plane = (rows.begin + height + rows.end) * pitch;
  const K = size * size * channels;
  const offsets = plan.constant(`offsets ${[size, channels, pitch, plane, pixel]}`, () =>
    Uint32Array.from({ length: K }, (_, i) => {
      const [cell, c] = [Math.floor(i / channels), i % channels];
      const channel = image.planar ? c * plane : 4 * c;
      return Math.floor(cell / size) * pitch + (cell % size) * pixel + channel;
    }),
  );
  const weights = plan.panels(node.kernel, K, filters);
  const bias = biasOf(node.bias, filters, plan);
  const copy = plan.scratch(planes * plane);
  const to = plan.place(fused.value);
  const stepX = image.planar ? 4 * channels * height * width : pictureBytes(image.shape);
  const margins = [rows.begin, rows.end, columns.begin * pixel, columns.end * pixel];
  for (let n = 0; n < plan.pictures(node.x); n++) {
    plan.call("pad", moved(x, n * stepX), copy, planes, height, width * pixel, ...margins);
    const out = moved(to, n * pictureBytes(y));
    const sizes = [y.height, y.width, K, filters, stride * pitch, stride * pixel, kindAlong(fused)];
    plan.call("convolve", copy, offsets, weights, bias, out, ...sizes);
  }
  activateAfter(fused, to, plan);
}

/** Frame t of the result is a sum over the time taps; one that sees more than a pixel goes tap by tap. */
function depthwise(node: NodeOf<"depthwise">, fused: Fused, plan: Lowering): void {
  const { before, after, taps } = node.time;
  const x = plan.view(node.x);
  const zeros = (count: number) => new Array<null>(count).fill(null);
  const frames = [...zeros(before), ...x.frames, ...zeros(after)];
  const shape = plan.shape(fused.value);
  if (taps === 1 && before + after === 0) {
    const from = plan.whole(node.x);
    const to = plan.place(fused.value);
    frame(node, fused, plan, x, [from], to, plan.pictures(node.x));
  } else {
    const to = plan.place(fused.value);
    const step = plan.frameBytes(shape);
    for (let t = 0; t < shape.frames; t++) {
      frame(node, fused, plan, x, frames.slice(t, t + taps), moved(to, t * step), plan.streams);
    }
  }
  activateAfter(fused, plan.whole(fused.value), plan);
}

/** The sum over taps of `pictures` pictures. */
function frame(
  node: NodeOf<"depthwise">,
  fused: Fused,
  plan: Lowering,
  x: View,
  sources: readonly (Address | null)[],
  to: Address,
  pictures: number,
): void {
  const { size, stride, kernel } = node;
  const { channels } = x.shape;
  const C = padded(channels);
  const bias = biasOf(node.bias, channels, plan);
  const weights = (tap: number) =>
    plan.constant(`windows ${kernel} ${tap}`, () => {
      const cells = size * size;
      const from = tap * cells * channels;
      return windows(plan.param(kernel).subarray(from, from + cells * channels), cells, channels);
    });
  const seen = sources.flatMap((source, k) => (source ? [{ source, weights: weights(node.time.tap + k) }] : []));
  const kind = kindAlong(fused);
  if (size === 1 && stride === 1) {
    const pixels = pictures * x.shape.height * x.shape.width;
    const pairs = seen.flatMap((tap) => [tap.source, tap.weights]);
    plan.call("temporal", seen.length, bias, to, pixels, C, kind, ...pairs);
    return;
  }
  const geometry = windowsOf(x.shape, plan.shape(fused.value), size, stride);
  const copy = plan.scratch(64 * geometry.rows * geometry.pitch * plan.threads);
  for (const [k, tap] of seen.entries()) {
    const last = k === seen.length - 1;
    const [start, init] = k === 0 ? [bias, 0] : [biasOf(null, channels, plan), to];
    const sizes = [pictures, x.shape.height, x.shape.width, C, ...geometry.sizes];
    plan.call(
      "depthwise",
      tap.source,
      tap.weights,
      start,
      init,
      to,
      ...sizes,
      last ? kind : 0,
      copy,
      geometry.pitch,
      geometry.band,
      4 * C,
    );
  }
}

/** Bytes of a plane of copied rows. */
const bandBytes = 16_384;

function windowsOf(x: Shape, y: Shape, size: number, stride: number) {
  const [top, left] = [samePadding(x.height, size, stride).begin, samePadding(x.width, size, stride).begin];
  const strips = Math.ceil(y.width / 4) * 4;
  const pitch = Math.max((strips - 1) * stride + size, left + x.width);
  const most = Math.max(1, Math.floor((bandBytes / (16 * pitch) - size) / stride) + 1);
  const band = Math.ceil(y.height / Math.ceil(y.height / most));
  return {
    sizes: [y.height, y.width, size, stride, top, left],
    /** Pixels of a copied row with its border. */
    pitch,
    /** Output rows that are made of one copy. */
    band,
    /** Rows of the copy. */
    rows: (band - 1) * stride + size,
  };
}
