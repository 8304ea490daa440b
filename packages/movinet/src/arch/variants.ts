/** A bottleneck layer: its expanded width and its kernel, `time × space × space`. */
export interface LayerSpec {
  readonly expand: number;
  readonly kernel: { readonly time: number; readonly space: number };
}

/** Layers with the same output width; the first one has the spatial stride. */
export interface BlockSpec {
  readonly filters: number;
  readonly stride: 1 | 2;
  readonly layers: readonly LayerSpec[];
}

const k13 = { time: 1, space: 3 };
const k15 = { time: 1, space: 5 };
const k33 = { time: 3, space: 3 };
const k53 = { time: 5, space: 3 };
type Kernel = LayerSpec["kernel"];

export function block(
  filters: number,
  stride: 1 | 2,
  ...layers: readonly (readonly [expand: number, kernel: Kernel])[]
): BlockSpec {
  return { filters, stride, layers: layers.map(([expand, kernel]) => ({ expand, kernel })) };
}

/** The official configuration of a member of the family (spec §1.1, §1.3, §5.2). */
export interface Variant {
  readonly stem: number;
  readonly blocks: readonly BlockSpec[];
  readonly head: number;
  readonly hidden: number;
  /** Native input size per side, in pixels. */
  readonly resolution: number;
  /** Frames of an evaluation clip: the window of a base model. */
  readonly frames: number;
  /** Frames per second of the official weights. */
  readonly fps: number;
  /** Whether the stream model adds a positional encoding. */
  readonly positionalEncoding: boolean;
}

const a0: Variant = {
  stem: 8,
  blocks: [
    block(8, 2, [24, k15]),
    block(32, 2, [80, k33], [80, k33], [80, k33]),
    block(56, 2, [184, k53], [112, k33], [184, k33]),
    block(56, 1, [184, k53], [184, k33], [184, k33], [184, k33]),
    block(104, 2, [384, k53], [280, k15], [280, k15], [344, k15]),
  ],
  head: 480,
  hidden: 2048,
  resolution: 172,
  frames: 50,
  fps: 5,
  positionalEncoding: false,
};

const a1: Variant = {
  stem: 16,
  blocks: [
    block(16, 2, [40, k15], [40, k33]),
    block(40, 2, [96, k33], [120, k33], [96, k33], [96, k33]),
    block(64, 2, [216, k53], [128, k33], [216, k33], [168, k33], [216, k33]),
    block(64, 1, [216, k53], [216, k33], [216, k33], [128, k33], [128, k15], [216, k33]),
    block(136, 2, [456, k53], [360, k15], [360, k15], [360, k15], [456, k15], [456, k33], [544, k13]),
  ],
  head: 600,
  hidden: 2048,
  resolution: 172,
  frames: 50,
  fps: 5,
  positionalEncoding: false,
};

const a2: Variant = {
  stem: 16,
  blocks: [
    block(16, 2, [40, k15], [40, k33], [64, k33]),
    block(40, 2, [96, k33], [120, k33], [96, k33], [96, k33], [120, k33]),
    block(72, 2, [240, k53], [160, k33], [240, k33], [192, k33], [240, k33]),
    block(72, 1, [240, k53], [240, k33], [240, k33], [240, k33], [144, k15], [240, k33]),
    block(144, 2, [480, k53], [384, k15], [384, k15], [480, k15], [480, k15], [480, k33], [576, k13]),
  ],
  head: 640,
  hidden: 2048,
  resolution: 224,
  frames: 50,
  fps: 5,
  positionalEncoding: false,
};

const a3: Variant = {
  stem: 16,
  blocks: [
    block(16, 2, [40, k15], [40, k33], [64, k33], [40, k33]),
    block(48, 2, [112, k33], [144, k33], [112, k33], [112, k15], [144, k33], [144, k33]),
    block(80, 2, [240, k53], [152, k33], [240, k33], [192, k33], [240, k33]),
    block(88, 1, [264, k53], [264, k33], [264, k33], [264, k33], [160, k15], [264, k33], [264, k33], [264, k33]),
    block(
      168,
      2,
      [560, k53],
      [448, k15],
      [448, k15],
      [560, k15],
      [560, k15],
      [560, k33],
      [448, k15],
      [448, k15],
      [560, k33],
      [672, k13],
    ),
  ],
  head: 744,
  hidden: 2048,
  resolution: 256,
  frames: 120,
  fps: 12,
  positionalEncoding: true,
};

const a4: Variant = {
  stem: 24,
  blocks: [
    block(24, 2, [64, k15], [64, k33], [96, k33], [64, k33], [96, k33], [64, k33]),
    block(
      56,
      2,
      [168, k33],
      [168, k33],
      [136, k33],
      [136, k33],
      [168, k33],
      [168, k33],
      [168, k33],
      [136, k15],
      [136, k33],
    ),
    block(
      96,
      2,
      [320, k53],
      [160, k33],
      [320, k33],
      [192, k33],
      [320, k33],
      [160, k33],
      [320, k33],
      [256, k33],
      [320, k33],
    ),
    block(
      96,
      1,
      [320, k53],
      [320, k33],
      [320, k33],
      [320, k33],
      [192, k15],
      [320, k33],
      [320, k33],
      [192, k33],
      [320, k33],
      [320, k33],
    ),
    block(
      192,
      2,
      [640, k53],
      [512, k15],
      [512, k15],
      [640, k15],
      [640, k15],
      [640, k33],
      [512, k15],
      [512, k15],
      [640, k15],
      [768, k15],
      [640, k15],
      [640, k33],
      [768, k33],
    ),
  ],
  head: 856,
  hidden: 2048,
  resolution: 290,
  frames: 80,
  fps: 8,
  positionalEncoding: true,
};

const a5: Variant = {
  stem: 24,
  blocks: [
    block(24, 2, [64, k15], [64, k15], [96, k33], [64, k33], [96, k33], [64, k33]),
    block(
      64,
      2,
      [192, k53],
      [152, k33],
      [152, k33],
      [152, k33],
      [192, k33],
      [192, k33],
      [192, k33],
      [152, k33],
      [152, k33],
      [192, k33],
      [192, k33],
    ),
    block(
      112,
      2,
      [376, k53],
      [224, k33],
      [376, k33],
      [376, k33],
      [296, k33],
      [376, k33],
      [224, k33],
      [376, k33],
      [376, k33],
      [296, k33],
      [376, k33],
      [376, k33],
      [376, k33],
    ),
    block(
      120,
      1,
      [376, k53],
      [376, k33],
      [376, k33],
      [376, k33],
      [224, k15],
      [376, k33],
      [376, k33],
      [224, k33],
      [376, k33],
      [376, k33],
      [376, k33],
    ),
    block(
      224,
      2,
      [744, k53],
      [744, k33],
      [600, k15],
      [600, k15],
      [744, k15],
      [744, k15],
      [744, k33],
      [896, k15],
      [600, k15],
      [600, k15],
      [896, k15],
      [744, k15],
      [744, k33],
      [896, k15],
      [600, k15],
      [600, k15],
      [744, k15],
      [744, k33],
    ),
  ],
  head: 992,
  hidden: 2048,
  resolution: 320,
  frames: 120,
  fps: 12,
  positionalEncoding: true,
};

const t0: Variant = {
  stem: 8,
  blocks: [
    block(8, 2, [16, k15]),
    block(32, 2, [72, k33], [72, k15]),
    block(56, 2, [112, k53], [112, k15], [112, k33]),
    block(56, 1, [184, k53], [184, k15], [184, k33], [184, k33]),
    block(104, 2, [344, k53], [344, k15], [344, k15], [344, k33]),
  ],
  head: 240,
  hidden: 1024,
  resolution: 160,
  frames: 25,
  fps: 2.5,
  positionalEncoding: false,
};

/** The MoViNet family. */
export const variants = { a0, a1, a2, a3, a4, a5, t0 } as const satisfies Record<string, Variant>;
export type VariantName = keyof typeof variants;
