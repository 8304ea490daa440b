import { type Arithmetic, arithmeticOf } from "../graph/precision.ts";
import type { Signature, StepInterface } from "../graph/step-interface.ts";
import { type Card, defaultCard } from "../model/card.ts";
import { checkLabels } from "../model/labels.ts";
import { checkCard } from "../model/limits.ts";
import { readCard } from "../model/metadata.ts";
import type { SessionModel } from "../model/model.ts";
import { openOnnx } from "./onnx/read.ts";
import { embeddedLabels } from "./tflite/read/embedded-labels.ts";
import { locateTflite } from "./tflite/read/import.ts";
import { readModel, type TfliteModel } from "./tflite/read/schema.ts";

/** A network file that runs unchanged. */
export interface NetworkFile {
  /** Facts about its signature that a runtime does not report. */
  readonly signature: Pick<Signature, "frames" | "passed">;
  /** What it is, given how it is called. Throws ModelError: `E_MODEL_FORMAT` if its own card does not match. */
  describe(called: Called): DescribedFile;
}

export interface DescribedFile {
  readonly model: SessionModel;
  /** What it returns for classes. */
  readonly output: keyof typeof logitsOf;
  /** How it computes. */
  readonly arithmetic: Arithmetic;
}

interface Called {
  readonly step: StepInterface;
  readonly classes: number;
}

/** Converts scores back to logits: those of a softmax are known up to an irrelevant constant. */
export const logitsOf = {
  logits: (values: Float32Array) => values,
  softmax: (values: Float32Array) => values.map((score) => Math.log(Math.max(score, 1e-38))),
  sigmoid: (values: Float32Array) =>
    values.map((score) => Math.log(Math.max(score, 1e-38) / Math.max(1 - score, 1e-7))),
} as const;

/**
 * Reads what a file is, without its weights. `card` supplies what the file lacks. Throws ModelError: `E_MODEL_FORMAT`
 * for a damaged file, `E_MODEL_SIGNATURE` for a third-party ONNX file, `E_MODEL_LABELS` (from `describe`) if labels do
 * not match.
 */
export function openNetworkFile(
  bytes: Uint8Array,
  subject: string,
  format: "onnx" | "tflite",
  card: Partial<Card>,
): NetworkFile {
  const file = format === "onnx" ? onnxFile(bytes, subject) : tfliteFile(bytes, subject);
  return {
    signature: file.signature,
    describe(called) {
      const { model, ...facts } = file.describe(called);
      const described = { ...model, card: { ...model.card, ...card } };
      checkLabels(described.card.labels, model.spec, subject);
      return { model: described, ...facts };
    },
  };
}

/** The parts of a spec and a card that follow from how a network is called. */
function sizesOf({ step, classes }: Called) {
  const { height, width } = step.picture;
  const clip = step.states.length === 0;
  const spec = { mode: clip ? "base" : "stream", classes, resolution: { height, width } } as const;
  const sized = (card: Card): Card => ({
    ...card,
    input: { ...card.input, height, width },
    frames: clip ? step.frames : null,
  });
  return { spec, sized };
}

function onnxFile(bytes: Uint8Array, subject: string): NetworkFile {
  const { card, facts } = openOnnx(bytes, subject);
  return {
    signature: { frames: facts.frames },
    describe(called) {
      const { spec, sized } = sizesOf(called);
      return { model: { spec, card: sized(card) }, output: "logits", arithmetic: arithmeticOf(facts.dtype) };
    },
  };
}

/** From the metadata of our files, or else the operators; for networks outside the family from the signature. */
function tfliteFile(bytes: Uint8Array, subject: string): NetworkFile {
  const file = readModel(bytes, subject);
  const arithmetic = hasIntegers(file) ? "int8" : "float32";
  return {
    signature: { passed: passedThrough(file) },
    describe(called) {
      const { spec, sized } = sizesOf(called);
      const own = file.metadata["movinet.card"];
      if (own) {
        const card = sized(readCard({ "movinet.card": new TextDecoder().decode(own) }, subject));
        checkCard(card, spec, subject);
        return { model: { spec, card }, output: "logits", arithmetic };
      }
      const { names: labels } = embeddedLabels(bytes, file, called.classes);
      try {
        const { spec: found, output } = locateTflite(bytes, subject);
        const card = { ...sized(defaultCard(found)), labels };
        return { model: { spec, card: output === "sigmoid" ? { ...card, output } : card }, output, arithmetic };
      } catch {
        const card = { ...sized(defaultCard({ variant: "custom", ...spec })), labels };
        return { model: { spec, card }, output: "logits", arithmetic };
      }
    },
  };
}

/** Whether it has convolutions of integers. */
function hasIntegers({ operators, tensors }: TfliteModel): boolean {
  return operators.some(
    ({ op, inputs }) =>
      op === "CONV_2D" && inputs.slice(0, 2).every((input) => /^u?int8$/.test(tensors[input]?.type ?? "")),
  );
}

/** States that the official exporter passes through. */
function passedThrough({ signature }: TfliteModel): ReadonlySet<string> {
  const inputs = Object.entries(signature?.inputs ?? {});
  return new Set(inputs.flatMap(([name, tensor]) => (signature?.outputs[name] === tensor ? [name] : [])));
}
