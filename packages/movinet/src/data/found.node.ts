import { relative, resolve, sep } from "node:path";
import { DatasetError } from "../common/errors.ts";
import { type Sample, sameForm } from "./dataset.ts";

/** A clip with the names of its classes. */
export interface Found extends Omit<Sample, "classes"> {
  readonly labels: readonly string[];
  /** Where it is said, for errors: path and line, or folder. */
  readonly where: { readonly path: string; readonly line: number | null };
}

export const layout = "Give a folder with a sub-folder of videos for each class, or a manifest (.csv, .jsonl)";

export function datasetError(
  code: string,
  subject: string,
  problem: string,
  remedy: string,
  cause?: unknown,
): DatasetError {
  return new DatasetError({ code, subject, problem, remedy, cause });
}

export function unreadable(path: string, cause: unknown): DatasetError {
  const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
  return datasetError("E_DATASET_UNREADABLE", path, `it cannot be read (${why})`, "Check its permissions", cause);
}

/** The name of a file for people, as `Sample.name` has it. */
export function nameIn(folder: string, file: string): string {
  return sameForm(relative(resolve(folder), resolve(file)).replaceAll(sep, "/"));
}
