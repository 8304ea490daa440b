/** What a model is, in a few lines. */
import type { Model } from "movinet";
import { formatBytes, printable } from "movinet/files";
import { nameOf, type Spec } from "movinet/graph";
import { painter, wrap } from "./text.ts";

export interface ModelSummary {
  /** As the user named it. */
  readonly name: string;
  readonly spec: Spec;
  /** How a quantized model computes; null: in floats. */
  readonly integers: Model["integers"] | null;
  /** Class names in output order; null where they are unknown. */
  readonly labels: readonly string[] | null;
  /** Frames per second that it looks at. */
  readonly fps: number;
  /** Frames of a clip; null for stream models, which take any number. */
  readonly frames: number | null;
  /** Of its file; null where only the network is known. */
  readonly bytes: number | null;
  readonly parameters: number;
  readonly macsPerFrame: number;
  readonly stateBytes: number;
  readonly states: readonly unknown[];
  /** What a quantized model computes in float32. */
  readonly floats: readonly string[];
  readonly licence: string | null;
  readonly source: string | null;
  readonly accuracy: { readonly dataset: string; readonly top1: number } | null;
}

const heading = 10;

/** The summary as lines of at most `width` cells where its words allow it, without a closing newline. */
export function renderModel(model: ModelSummary, { width, color }: { width: number; color: boolean }): string {
  const { name, spec, fps, frames, bytes, licence, source, accuracy } = model;
  const { height, width: across } = spec.resolution;
  const numbers = model.integers ? `int8; float32: ${someOf(model.floats)}` : null;
  const size = bytes === null ? [] : [formatBytes(bytes)];
  const rows: readonly (readonly [string, string | null])[] = [
    ["network", nameOf(spec) === name ? null : nameOf(spec)],
    ["use", frames === null ? "live or recorded video: an answer after every frame" : `clips of ${frames} frames`],
    ["input", `${across}×${height} pixels at ${Number(fps.toFixed(2))} fps`],
    ["classes", classesText(model)],
    ["accuracy", accuracy && `${(100 * accuracy.top1).toFixed(1)} % top-1 on ${accuracy.dataset}`],
    ["size", [...size, `${model.parameters.toLocaleString("en-US")} parameters`].join(", ")],
    ["cost", `${(model.macsPerFrame / 1e6).toFixed(2)} M multiply–adds per frame (movinet bench times it)`],
    ["state", model.states.length === 0 ? null : `${formatBytes(model.stateBytes)} per stream`],
    ["blocks", `${spec.convType} convolutions, squeeze-and-excitation ${spec.squeezeExcite}, ${spec.activation}`],
    ["numbers", numbers],
    ["licence", licence],
    ["source", source],
  ];
  const paint = painter(color);
  const lines = rows.flatMap(([title, text]) => {
    if (text === null) return [];
    const [first = "", ...more] = wrap(printable(text), Math.max(20, width - heading - 2));
    const left = `  ${paint("dim", title.padEnd(heading - 2))}`;
    return [`${left}  ${first}`, ...more.map((line) => " ".repeat(heading + 2) + line)];
  });
  return [paint("bold", printable(name)), ...lines].join("\n");
}

const firstNames = 6;

function someOf(names: readonly string[]): string {
  const more = names.length - firstNames;
  return `${names.slice(0, firstNames).join(", ") || "nothing"}${more > 0 ? ` and ${more} more` : ""}`;
}

const firstLabels = 3;

function classesText({ spec: { classes }, labels, accuracy }: ModelSummary): string {
  if (labels === null) return `${classes} ${accuracy === null ? "without names" : `of ${accuracy.dataset}`}`;
  const first = labels.slice(0, firstLabels).join(", ");
  return `${classes}: ${first}${classes > firstLabels ? ", … (--labels lists all)" : ""}`;
}
