import { cardText } from "../../../model/metadata.ts";
import type { Model } from "../../../model/model.ts";
import type { ExportFacts } from "./lower.ts";
import type { WrittenOperator } from "./write.ts";

/** First runtimes of operators that are younger than 1.14 (tensorflow/…/versioning/runtime_version.cc). */
const runtimes: Readonly<Record<string, string>> = {
  "HARD_SWISH 1": "1.15.0",
  "DEQUANTIZE 3": "1.15.0",
  "CONV_2D 5": "2.4.0",
  "CUMSUM 1": "2.4.0",
};
const oldestRuntime = "1.14.0";
const runtimeBytes = 16;

export function fileMetadata(
  { spec, card }: Pick<Model, "spec" | "card">,
  facts: ExportFacts,
  operators: readonly WrittenOperator[],
  receipt?: string,
): Record<string, Uint8Array> {
  const runtime = operators.reduce((newest, { op, version }) => {
    const first = runtimes[`${op} ${version}`] ?? oldestRuntime;
    return first > newest ? first : newest;
  }, oldestRuntime);
  const text = new TextEncoder();
  return {
    min_runtime_version: text.encode(runtime.padEnd(runtimeBytes, "\0")),
    "movinet.spec": text.encode(JSON.stringify(spec)),
    "movinet.card": text.encode(cardText(card)),
    "movinet.export": text.encode(JSON.stringify(facts)),
    ...(receipt === undefined ? {} : { "movinet.receipt": text.encode(receipt) }),
  };
}
