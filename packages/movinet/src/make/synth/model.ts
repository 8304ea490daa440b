import { buildGraph } from "../../model/arch/build.ts";
import type { Spec } from "../../model/arch/spec.ts";
import type { Card } from "../../model/card.ts";
import { elementsOf } from "../../model/graph/shapes.ts";
import type { Tensor } from "../../model/graph/tensor.ts";
import type { Model } from "../../model/model.ts";
import { randomOf } from "../random.ts";
import { cameraMotionLabels } from "./labels.ts";

const fast = { time: 3, space: 3 } as const;
const slow = { time: 5, space: 3 } as const;
const flat = { time: 1, space: 3 } as const;

/** A small stream network for 64 × 64 pixels: motion is seen at a quarter of their size and coarser. */
const cameraMotionSpec: Spec = {
  variant: "camera-motion",
  mode: "stream",
  stem: 8,
  blocks: [
    { filters: 16, stride: 2, layers: [{ expand: 40, kernel: slow }] },
    {
      filters: 16,
      stride: 1,
      layers: [
        { expand: 64, kernel: fast },
        { expand: 64, kernel: fast },
      ],
    },
    {
      filters: 32,
      stride: 2,
      layers: [
        { expand: 96, kernel: slow },
        { expand: 96, kernel: fast },
        { expand: 96, kernel: fast },
      ],
    },
    {
      filters: 48,
      stride: 2,
      layers: [
        { expand: 144, kernel: slow },
        { expand: 144, kernel: fast },
        { expand: 144, kernel: fast },
      ],
    },
    {
      filters: 64,
      stride: 2,
      layers: [
        { expand: 192, kernel: fast },
        { expand: 192, kernel: flat },
      ],
    },
  ],
  head: 256,
  hidden: 128,
  convType: "2plus1d",
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
};

/** The network before it has learned anything: He normal kernels (spec §2.10), residual branches at half strength. */
export function cameraMotionModel(seed: number): Model {
  const { params } = buildGraph(cameraMotionSpec, { call: "clip", frames: 1 });
  const weights = new Map(
    Object.entries(params).map(([name, { shape }]): [string, Tensor] => {
      const data = new Float32Array(elementsOf(shape));
      if (name.endsWith("kernel")) {
        const random = randomOf(seed, name);
        const channelwise = /depthwise|temporal/.test(name);
        const fanIn = channelwise ? elementsOf(shape.slice(0, -2)) : data.length / (shape.at(-1) ?? 1);
        const deviation = name.startsWith("classifier2") ? 0.01 : Math.sqrt(2 / fanIn);
        for (let i = 0; i < data.length; i++) data[i] = deviation * random.normal();
      } else if (/(gamma|variance)$/.test(name)) data.fill(1);
      else if (name.endsWith("rezero")) data.fill(0.5);
      return [name, { shape, data }];
    }),
  );
  return { spec: cameraMotionSpec, weights, card: cameraMotionCard };
}
