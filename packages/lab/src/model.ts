import { buildGraph } from "../../movinet/src/arch/build.ts";
import type { Spec } from "../../movinet/src/arch/spec.ts";
import { block } from "../../movinet/src/arch/variants.ts";
import { type Random, randomOf } from "../../movinet/src/common/random.ts";
import type { Graph } from "../../movinet/src/graph/ir.ts";
import { elementsOf } from "../../movinet/src/graph/shapes.ts";
import type { Tensor, Weights } from "../../movinet/src/graph/tensor.ts";
import type { Card } from "../../movinet/src/model/card.ts";
import { cameraMotionLabels } from "../../movinet/src/synth/camera.ts";
import { frameByFrame, type Relative, wholeClip } from "../../movinet/src/train/relatives.ts";

const fast = { time: 3, space: 3 } as const;
const slow = { time: 5, space: 3 } as const;
const flat = { time: 1, space: 3 } as const;

/** A small stream network for 64 × 64 pixels: it sees motion at a quarter of that resolution and coarser. */
const cameraMotionSpec: Spec = {
  variant: "camera-motion",
  mode: "stream",
  stem: 8,
  blocks: [
    block(24, 2, [64, slow]),
    block(24, 1, [72, fast], [72, fast]),
    block(32, 2, [96, slow], [96, fast], [96, fast]),
    block(48, 2, [144, slow], [144, fast], [144, fast]),
    block(64, 2, [192, fast], [192, flat]),
  ],
  head: 256,
  hidden: 128,
  convType: "3d",
  squeezeExcite: "none",
  activation: "relu6",
  gate: "hard_sigmoid_b",
  classifierActivation: "relu6",
  positionalEncoding: false,
  classes: cameraMotionLabels.length,
  resolution: { height: 64, width: 64 },
};

const cameraMotionCard: Card = {
  name: "camera-motion",
  labels: cameraMotionLabels,
  input: { width: 64, height: 64, fit: "squash" },
  fps: 10,
  frames: null,
  output: "softmax",
  source: "trained on generated clips by npm run train:camera-motion",
  licence: "Apache-2.0",
  accuracy: null,
  temperature: null,
  learned: null,
};

/** The networks: the stream network, and the two that it is compared with. */
export const cameraMotionKinds = ["stream", "base", "frame-by-frame"] as const;
export type CameraMotionKind = (typeof cameraMotionKinds)[number];

/**
 * The untrained network: He normal kernels (spec §2.10), residual branches at half strength. Kernels over several
 * frames start as waves moving in random directions at random speeds, with no response to a still picture: starting
 * from noise, a network of this size takes several times as long to discover that motion matters. Those of the
 * frame-by-frame network start as noise.
 *
 * @param frames per window of the base network.
 */
export function cameraMotionModel(seed: number, kind: CameraMotionKind, frames: number): Relative {
  const model = { spec: cameraMotionSpec, card: cameraMotionCard, weights: firstWeights(seed) };
  if (kind === "stream") return { model, masks: new Map() };
  if (kind === "base") return wholeClip(model, frames);
  const flat = frameByFrame(model);
  const depthwise = depthwiseKernels(buildGraph(flat.model.spec, { form: "clip", frames: 1 }));
  const noise = [...flat.model.weights].map(([name, tensor]): [string, Tensor] => {
    const size = tensor.shape[1] ?? 1;
    return [name, depthwise.has(name) ? noiseLike(tensor, 1 / size, randomOf(seed, name)) : tensor];
  });
  return { ...flat, model: { ...flat.model, weights: new Map(noise) } };
}

function noiseLike({ shape, data }: Tensor, scale: number, random: Random): Tensor {
  return { shape, data: Float32Array.from(data, () => scale * Math.SQRT2 * random.normal()) };
}

function firstWeights(seed: number): Weights {
  const graph = buildGraph(cameraMotionSpec, { form: "clip", frames: 1 });
  const depthwise = depthwiseKernels(graph);
  return new Map(
    Object.entries(graph.params).map(([name, { shape, role, owner }]): [string, Tensor] => {
      const data = new Float32Array(elementsOf(shape));
      const random = randomOf(seed, name);
      const [taps = 1, size = 1] = shape;
      if (depthwise.has(name) && taps > 1) fillWithWaves(data, taps, size, random);
      else if (role === "kernel") {
        const fanIn = depthwise.has(name) ? elementsOf(shape.slice(0, -2)) : data.length / (shape.at(-1) ?? 1);
        const deviation = owner === "classifier2" ? 0.01 : Math.sqrt(2 / fanIn);
        for (let i = 0; i < data.length; i++) data[i] = deviation * random.normal();
      } else if (role === "gamma" || role === "variance") data.fill(1);
      else if (role === "factor") data.fill(0.5);
      return [name, { shape, data }];
    }),
  );
}

function depthwiseKernels({ nodes }: Graph): ReadonlySet<string> {
  return new Set(nodes.flatMap((node) => (node.op === "depthwise" ? [node.kernel] : [])));
}

/**
 * Fills a kernel `[taps, size, size, 1, channels]`: for each channel a wave, minus its mean over time, with He's norm.
 */
function fillWithWaves(kernel: Float32Array, taps: number, size: number, random: Random): void {
  const area = size * size;
  const channels = kernel.length / (taps * area);
  for (let c = 0; c < channels; c++) {
    const direction = random.between(0, 2 * Math.PI);
    const speed = 0.2 * 6 ** random.next(); // pixels per frame
    const frequency = random.between(0.17, 0.35); // waves per pixel
    const phase = random.between(0, 2 * Math.PI);
    const wave = Float64Array.from({ length: taps * area }, (_, i) => {
      const [t, y, x] = [Math.floor(i / area), Math.floor(i / size) % size, i % size];
      const along = (x - (size - 1) / 2) * Math.cos(direction) + (y - (size - 1) / 2) * Math.sin(direction);
      return Math.cos(2 * Math.PI * frequency * (along - speed * t) + phase);
    });
    const moving = wave.map((value, i) => {
      let mean = 0;
      for (let t = 0; t < taps; t++) mean += (wave[t * area + (i % area)] as number) / taps;
      return value - mean;
    });
    const norm = Math.sqrt(2 / moving.reduce((sum, value) => sum + value * value, 0));
    for (const [i, value] of moving.entries()) kernel[i * channels + c] = norm * value;
  }
}
