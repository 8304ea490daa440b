/**
 * The zoo: public weights by name, their sources, and the facts needed to use them. A name means the most accurate
 * weights: plain names are float32 with squeeze-and-excitation; the quantized TFLite files have their own names.
 */
import { type Mode, type SpecName, specOf } from "../arch/spec.ts";
import type { VariantName } from "../arch/variants.ts";
import type { Told } from "../formats/weights/infer.ts";
import type { Card } from "../model/card.ts";

/** How to verify a file: by its SHA-256, or its git blob ID. */
export type Content = { readonly sha256: string } | { readonly blob: string };

/** A source of a model's weights. */
export interface Source {
  readonly url: string;
  /** The publisher. */
  readonly origin: string;
  readonly licence: string;
  /** Null: no hash is published, so the first download is pinned. */
  readonly content: Content | null;
}

/** A model available by name. */
export interface ZooModel {
  readonly name: string;
  /** Its network. */
  readonly spec: SpecName;
  readonly weights: "float32" | "float16" | "int8";
  /** Extension of the cached file: third-party weights are stored converted, TFLite files unchanged. */
  readonly ending: "safetensors" | "tflite";
  /** In the order they are tried. */
  readonly sources: readonly Source[];
  /** The TFLite file in its sources, packed or not; null: unknown. */
  readonly file: { readonly sha256: string; readonly bytes: number } | null;
  /** Approximate size of the cached file in bytes. */
  readonly bytes: number;
  readonly classes: number;
  /** The class names; null: in the file. */
  readonly labels: "kinetics-600" | null;
  /** Properties of the network that the weights do not reveal. */
  readonly told: Told;
  /** As published by its authors. */
  readonly accuracy: Card["accuracy"];
}

const portCommit = "c2d1edf48fc6c5259707f9d833f22171b4f63493";

/** Git blob IDs of the port's files, which pin their content. It has no stream weights of A3–A5. */
const portBlobs: Partial<Record<SpecName, string>> = {
  "a0-base": "8c3bf9376a49d9db72709d5fb60bd0a635069044",
  "a0-stream": "1b467adcbf00040713526ec927b3fbfd5aaac487",
  "a1-base": "b0cd3abd2ea411382e8e999c7d2cdf2992728d2a",
  "a1-stream": "85acc3e843b293c3a26c7baabd0af711073c1fb7",
  "a2-base": "999f187b11ee6d477c5f3c8141119d8183c0e072",
  "a2-stream": "fdf1c2e57d36d86607b9b29063ab798eabc1bb83",
  "a3-base": "dd9a1b1e5cf46068d0beb3d6edc5c3f0c350f694",
  "a4-base": "34e8b8c2c9488bc14161ffacae58fa94b6791f43",
  "a5-base": "fce6b0ac5636ed15419ebcaaa6a6067838d2591a",
};

/** The state dicts of the PyTorch port, made from Google's third version and equal to it within 1e-4. */
function port(spec: SpecName): readonly Source[] {
  const blob = portBlobs[spec];
  if (blob === undefined) return [];
  const [variant = "", mode] = spec.split("-");
  const path = `weights/model${variant.toUpperCase()}_${mode === "stream" ? "stream_" : ""}statedict_v3`;
  const origin = "Atze00/MoViNet-pytorch";
  const url = `https://raw.githubusercontent.com/${origin}/${portCommit}/${path}`;
  return [{ url, origin, licence: "MIT", content: { blob } }];
}

/** An archive at Kaggle, which counts a model's versions from 1, whatever its number was on the older hub. */
function kaggle(framework: string, variation: string, version: number): Source {
  const url = `https://www.kaggle.com/api/v1/models/google/movinet/${framework}/${variation}/${version}/download`;
  return { url, origin: "google/movinet", licence: "Apache-2.0", content: null };
}

/** Kaggle versions of the hub's third version, where stream models began with the second. */
const thirdVersion = { base: 3, stream: 2 } as const satisfies Record<Mode, number>;

/** Top-1 and top-5 in percent on Kinetics-600, one clip, one crop (spec §6.2, §6.5). */
type Published = readonly [top1: number, top5: number | null];

const floats: Partial<Record<VariantName, Readonly<Record<Mode, Published>>>> = {
  a0: { base: [72.28, 90.92], stream: [72.05, 90.63] },
  a1: { base: [76.69, 93.4], stream: [76.45, 93.25] },
  a2: { base: [78.62, 94.17], stream: [78.4, 94.05] },
  a3: { base: [81.79, 95.67], stream: [80.09, 94.84] },
  a4: { base: [83.48, 96.16], stream: [81.49, 95.66] },
  a5: { base: [84.27, 96.39], stream: [82.37, 95.79] },
};

/** Parameters including norm statistics (spec §1.5), four bytes each. */
const parameters: Partial<Record<SpecName, number>> = {
  "a0-base": 3_126_071,
  "a0-stream": 3_765_983,
  "a1-base": 4_717_912,
  "a1-stream": 6_481_560,
  "a2-base": 5_280_922,
  "a2-stream": 7_366_050,
  "a3-base": 7_443_289,
  "a3-stream": 11_043_146,
  "a4-base": 11_422_727,
  "a4-stream": 18_228_326,
  "a5-base": 18_763_355,
  "a5-stream": 31_636_734,
};

/** Google's TFLite files: bytes (float16: two per parameter), accuracy, and the file if one is known. */
const quantized = {
  "a0-stream-int8": {
    version: 1,
    bytes: 3_276_048,
    published: [65.0, null],
    file: { sha256: "6125b36e2485eeb5cc1fd6206cf5e5d70235593fbc84610d1dce97fe3aa9c2ac", bytes: 3_276_048 },
  },
  "a1-stream-int8": { version: 1, bytes: 4_500_000, published: [70.1, null], file: null },
  "a2-stream-int8": { version: 1, bytes: 5_100_000, published: [72.2, null], file: null },
  // The first float16 files had the wrong architecture, according to their own page.
  "a0-stream-float16": { version: 2, bytes: 7_600_000, published: [71.5, null], file: null },
  "a1-stream-float16": { version: 2, bytes: 13_000_000, published: [76.0, null], file: null },
  "a2-stream-float16": { version: 2, bytes: 14_800_000, published: [77.5, null], file: null },
} as const satisfies Record<string, { version: number; bytes: number; published: Published; file: ZooModel["file"] }>;

/**
 * The released stream weights need gate A, and swish in the classifier, whatever the current code builds (spec §2.7).
 */
function toldOf(spec: SpecName): Told {
  const { mode, activation, gate, classifierActivation } = specOf(spec);
  return { mode, activation, gate: mode === "stream" ? "hard_sigmoid_a" : gate, classifierActivation };
}

const kinetics = { classes: 600, labels: "kinetics-600" } as const;

function accuracyOf([top1, top5]: Published): Card["accuracy"] {
  return { dataset: "Kinetics-600", top1: share(top1), top5: top5 === null ? null : share(top5) };
}

/** Percentages with two decimals as fractions, without the rounding noise of a division. */
function share(percent: number): number {
  return Math.round(percent * 100) / 10_000;
}

function floatModels(): readonly ZooModel[] {
  return Object.entries(floats).flatMap(([variant, published]) =>
    (["stream", "base"] as const).map((mode): ZooModel => {
      const spec = `${variant as VariantName}-${mode}` as const;
      const archive = kaggle("tensorFlow2", `${spec}-kinetics-600-classification`, thirdVersion[mode]);
      return {
        name: spec,
        spec,
        weights: "float32",
        ending: "safetensors",
        sources: [...port(spec), archive],
        file: null,
        bytes: 4 * (parameters[spec] ?? 0),
        ...kinetics,
        told: toldOf(spec),
        accuracy: accuracyOf(published[mode]),
      };
    }),
  );
}

function quantizedModels(): readonly ZooModel[] {
  return Object.entries(quantized).map(([name, { version, bytes, published, file }]): ZooModel => {
    const [variant, mode, weights] = name.split("-") as [VariantName, Mode, "int8" | "float16"];
    const spec = `${variant}-${mode}` as const;
    const variation = `${spec}-kinetics-600-classification-tflite-${weights}`;
    return {
      name,
      spec,
      weights,
      ending: "tflite",
      sources: [kaggle("tfLite", variation, version)],
      file,
      bytes,
      ...kinetics,
      told: {},
      accuracy: accuracyOf(published),
    };
  });
}

/** All models, the float32 ones first. */
export const zoo: readonly ZooModel[] = [...floatModels(), ...quantizedModels()];

/** The default model. */
export const defaultModelName = "a0-stream";

/** A suggestion for a misspelled name, as a sentence; otherwise empty. */
export function meantName(written: string): string {
  const bare = written
    .toLowerCase()
    .replaceAll("_", "-")
    .replace(/^movinet-?|\.(tflite|safetensors|onnx|pt|tar\.gz)$/g, "");
  const names = zoo.map(({ name }) => ({ name, edits: editsBetween(bare.slice(0, 40), name) }));
  const nearest = names.reduce((best, other) => (other.edits < best.edits ? other : best));
  const meant = zooModel(`${bare}-stream`)?.name ?? (nearest.edits <= 2 ? nearest.name : null);
  return meant === null ? "" : `Did you mean ${meant}? `;
}

/** The edit distance of two texts. */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, character] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const same = (row[j] as number) + (character === to[j] ? 0 : 1);
      next.push(Math.min(same, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}

/** The model with this name, or null. */
export function zooModel(name: string): ZooModel | null {
  return zoo.find((model) => model.name === name) ?? null;
}
