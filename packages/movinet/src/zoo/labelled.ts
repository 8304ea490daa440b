import { ModelError } from "../common/errors.ts";
import { shownSource } from "../common/urls.ts";
import type { ModelFormat } from "../formats/file-kind.ts";
import type { ReadModel } from "../formats/own-file.ts";
import type { FoundLabels } from "../model/labels.ts";
import type { Model } from "../model/model.ts";
import { sha256Of } from "./integrity.ts";
import { labelsOfFile } from "./known-labels.ts";
import { MemoryPart } from "./memory-part.ts";
import { fileOf, type PullEvent, progressOf } from "./pull-event.ts";
import { type TransferOptions, TransferProblem, transfer } from "./transfer.ts";

/** Size limit of a model file, in bytes; the largest of the family, A5 in float32, has 126 MB. */
export const mostModelBytes = 2 ** 30;

/** A model, with caveats about its answers, one line each. */
export type OpenedModel = Model & Pick<ReadModel, "warnings">;

/** The file that a model was read from. */
export interface ModelFile {
  readonly bytes: Uint8Array;
  /** Its name in errors. */
  readonly subject: string;
  readonly format: ModelFormat;
}

/** A model, and the single file that it was read from, if any. */
export interface OpenedFile extends OpenedModel {
  readonly file?: ModelFile;
}

/** A model with other class names. An accuracy measured with other names does not apply to it. */
export function withLabels(
  { spec, weights, card, integers, warnings }: OpenedModel,
  { names, warnings: told }: FoundLabels,
): OpenedModel {
  const renamed = card.labels !== null && names?.join("\n") !== card.labels.join("\n");
  const accuracy = renamed ? null : card.accuracy;
  return { spec, weights, card: { ...card, labels: names, accuracy }, integers, warnings: [...warnings, ...told] };
}

/** A model with the class names of its card; without any, those of its file, if that is a known one. */
export async function withKnownLabels(model: OpenedModel, bytes: Uint8Array): Promise<OpenedModel> {
  const { spec, weights, card, integers, warnings } = model;
  const opened = { spec, weights, card, integers, warnings };
  if (card.labels !== null) return opened;
  const names = await labelsOfFile(bytes.length, () => sha256Of(bytes));
  return names === null ? opened : withLabels(opened, { names, warnings: [] });
}

export interface FetchOptions extends Pick<TransferOptions, "fetch" | "signal" | "pace"> {
  /** Receives the progress of the download: `download`, `progress`, `done`. */
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
}

/** The bytes of an http(s) URL. Throws {@link ModelError}: `E_MODEL_NOT_FOUND`, `E_MODEL_UNREADABLE`. */
export async function fetchModel(url: string, { onProgress, ...options }: FetchOptions): Promise<Uint8Array> {
  const subject = shownSource(url);
  const tell = { name: subject, file: fileOf(url, "model") };
  const part = new MemoryPart();
  try {
    onProgress?.({ status: "download", ...tell });
    await transfer({
      ...options,
      url,
      part,
      most: mostModelBytes,
      hashed: false,
      onProgress: (loaded, total) => onProgress?.(progressOf(tell, loaded, total)),
    });
    onProgress?.({ status: "done", ...tell });
  } catch (cause) {
    if (!(cause instanceof TransferProblem)) throw cause;
    const code = cause.status === 404 ? "E_MODEL_NOT_FOUND" : "E_MODEL_UNREADABLE";
    const problem = cause.status === 404 ? cause.message : `download failed: ${cause.message}`;
    throw new ModelError({ code, subject, problem, remedy: "Check the URL and your network connection", cause });
  }
  return part.bytes();
}
