import { metadataTexts } from "../../../model/metadata.ts";
import type { Model } from "../../../model/model.ts";
import type { ExportFacts } from "./lower.ts";
import type { WrittenOperator } from "./write.ts";

/** First runtimes of operators newer than 1.14 (tensorflow/…/versioning/runtime_version.cc). */
const runtimes: Readonly<Record<string, string>> = {
  "HARD_SWISH 1": "1.15.0",
  "DEQUANTIZE 3": "1.15.0",
  "BATCH_MATMUL 1": "2.3.0",
  "CONV_2D 5": "2.4.0",
};
const oldestRuntime = "1.14.0";
const runtimeBytes = 16;

export function fileMetadata(
  { spec, card, integers }: Pick<Model, "spec" | "card" | "integers">,
  facts: ExportFacts,
  operators: readonly WrittenOperator[],
  receipt: string | undefined,
): Record<string, Uint8Array> {
  const runtime = operators.reduce((newest, { op, version }) => {
    const first = runtimes[`${op} ${version}`] ?? oldestRuntime;
    return first > newest ? first : newest;
  }, oldestRuntime);
  const min_runtime_version = runtime.padEnd(runtimeBytes, "\0");
  const texts = {
    min_runtime_version,
    ...metadataTexts({ spec, card, ...(facts.dtype === "int8" && { integers }) }, facts, receipt),
  };
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, new TextEncoder().encode(text)]));
}
