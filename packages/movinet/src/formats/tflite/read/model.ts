import { defaultCard } from "../../../model/card.ts";
import type { ReadModel } from "../../own-file.ts";
import { failedReceipt, unprovenInt8 } from "../../unproven.ts";
import { embeddedLabels } from "./embedded-labels.ts";
import { importTflite } from "./import.ts";
import { readOwnTflite } from "./own.ts";
import { readModel } from "./schema.ts";

/** Of a file whose integers a model cannot say. */
function otherIntegers(why: string): string {
  return `its integers are not kept, because ${why}: what is made from it, such as another file, has rounded float weights`;
}

/** Reads a model from a TFLite file, one of ours or of another exporter; `name` becomes the name of a card that it lacks. */
export function readTfliteModel(bytes: Uint8Array, subject: string, name?: string): ReadModel {
  const format = "tflite";
  const file = readModel(bytes, subject);
  const own = readOwnTflite(file, subject);
  const receipt = file.metadata["movinet.receipt"];
  if (own) {
    const doubt = failedReceipt(receipt) ?? own.integers?.doubt;
    const integers = own.integers && { ...own.integers, ...(doubt !== undefined && { doubt }) };
    return { ...own, ...(integers && { integers }), format, warnings: doubt === undefined ? [] : [doubt] };
  }
  const { spec, weights, output, dtype, integers } = importTflite(file, subject);
  const unproven = unprovenInt8(spec, dtype, receipt);
  const { names, warnings } = embeddedLabels(bytes, file, spec.classes);
  const card = { ...defaultCard(spec, name), labels: names };
  return {
    spec,
    weights,
    format,
    card: output === "sigmoid" ? { ...card, output } : card,
    ...(typeof integers === "object" &&
      integers !== null && { integers: { ...integers, ...(unproven !== null && { doubt: unproven }) } }),
    warnings: [
      ...(unproven === null ? [] : [unproven]),
      ...(typeof integers === "string" ? [otherIntegers(integers)] : []),
      ...warnings,
    ],
  };
}
