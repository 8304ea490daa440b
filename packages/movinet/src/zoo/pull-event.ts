/**
 * Progress of a download, with the events of transformers.js: `initiate`, `download`, `progress` (in percent), `done`
 * for a file, and `ready` when the model can be used, even if nothing was downloaded. In addition: `skip`, when a
 * source is given up, and `wait`.
 */
export type PullEvent = { readonly name: string } & (
  | {
      readonly status: "initiate";
      readonly file: string;
      readonly url: string;
      readonly origin: string;
      readonly licence: string;
      readonly bytes: number;
    }
  | { readonly status: "download"; readonly file: string }
  | {
      readonly status: "progress";
      readonly file: string;
      /** Percent. */
      readonly progress: number;
      readonly loaded: number;
      readonly total: number;
    }
  | { readonly status: "done"; readonly file: string }
  | { readonly status: "ready" }
  | { readonly status: "skip"; readonly url: string; readonly problem: string; readonly wrong: boolean }
  | { readonly status: "wait"; readonly for: string }
);

/** Progress of a file. */
export function progressOf(
  { name, file }: { readonly name: string; readonly file: string },
  loaded: number,
  total: number | null,
): PullEvent {
  const progress = total === null || total === 0 ? 0 : (100 * loaded) / total;
  return { status: "progress", name, file, progress, loaded, total: total ?? 0 };
}

/** The file name in an address. */
export function fileOf(url: string, name: string): string {
  const last =
    url
      .replace(/[?#].*$/s, "")
      .split("/")
      .at(-1) ?? "";
  return last === "download" || last === "" ? `${name}.tar.gz` : last;
}
