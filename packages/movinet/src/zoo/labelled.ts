import { ModelError } from "../common/errors.ts";
import { shownSource } from "../common/urls.ts";
import type { ReadModel } from "../formats/model-file.ts";
import type { FoundLabels } from "../model/labels.ts";
import type { Model } from "../model/model.ts";
import { labelsOfFile } from "./known-labels.ts";

/** The most bytes of a model file; the largest of the family, A5 in float32, has 126 MB. */
export const mostModelBytes = 2 ** 30;

/** A model, and what is to be known before its answers are trusted: each in one line. */
export type OpenedModel = Model & Pick<ReadModel, "warnings">;

/** The file that a model was read from. */
export interface ModelFile {
  readonly bytes: Uint8Array;
  /** Names it in errors. */
  readonly subject: string;
  readonly format: ReadModel["format"];
}

/** A model under other class names. What was measured under others is no accuracy of its. */
export function withLabels(
  { spec, weights, card, warnings }: OpenedModel,
  { names, warnings: told }: FoundLabels,
): OpenedModel {
  const renamed = card.labels !== null && names?.join("\n") !== card.labels.join("\n");
  const accuracy = renamed ? null : card.accuracy;
  return { spec, weights, card: { ...card, labels: names, accuracy }, warnings: [...warnings, ...told] };
}

/** A model with the class names of its card; without any, with those of its file, where that is one that we know. */
export async function withKnownLabels(model: OpenedModel, bytes: Uint8Array): Promise<OpenedModel> {
  const { spec, weights, card, warnings } = model;
  if (card.labels !== null) return { spec, weights, card, warnings };
  const names = await labelsOfFile(bytes.length, () => sha256(bytes));
  return names === null ? { spec, weights, card, warnings } : withLabels(model, { names, warnings: [] });
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes behind an http(s) URL. Throws {@link ModelError}: `E_MODEL_NOT_FOUND`, `E_MODEL_UNREADABLE`. */
export async function fetchModel(url: string, signal?: AbortSignal): Promise<Uint8Array> {
  const refuse = (code: string, problem: string, remedy: string, cause?: unknown) =>
    new ModelError({ code, subject: shownSource(url), problem, remedy, cause });
  let response: Response;
  try {
    response = await fetch(url, signal ? { signal } : {});
  } catch (cause) {
    signal?.throwIfAborted();
    const reason = String((cause as Error).cause ?? (cause as Error).message);
    throw refuse(
      "E_MODEL_UNREADABLE",
      `it could not be fetched (${reason})`,
      "Check the address and the network",
      cause,
    );
  }
  if (response.status === 404) {
    throw refuse("E_MODEL_NOT_FOUND", "the server has no such file (404)", "Check the address");
  }
  if (!response.ok) throw refuse("E_MODEL_UNREADABLE", `the server answers ${response.status}`, "Check the address");
  if (Number(response.headers.get("content-length") ?? 0) > mostModelBytes) {
    throw refuse("E_MODEL_UNREADABLE", "it is larger than 1 GiB, which no model file is", "Give a model file");
  }
  return new Uint8Array(await response.arrayBuffer());
}
