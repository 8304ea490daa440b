import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Third-party clips and models for local tests; they are no part of the repository. */
export const sharedFolder =
  process.env["MOVINET_SHARED"] ?? fileURLToPath(new URL("../../../../shared", import.meta.url));
export const hasShared = existsSync(`${sharedFolder}/videos/manifest.csv`);
/** For the titles of suites that need them. */
export const sharedReason = hasShared ? "" : " (skipped: the shared clips and models are not here)";

export const officialModel = `${sharedFolder}/models/movinet_a0_stream_k600_int8.tflite`;
export const carvingIce = `${sharedFolder}/videos/k600/tfex_carving_ice_rpi.mp4`;

export interface ClipFacts {
  readonly file: string;
  readonly group: string;
  readonly k600_label: string;
  readonly frames_at_5fps: string;
  readonly expect: string;
}

/** The rows of the clips' manifest. */
export function readManifest(): readonly ClipFacts[] {
  const [head = [], ...rows] = parseCsv(readFileSync(`${sharedFolder}/videos/manifest.csv`, "utf8"));
  return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i] ?? ""])) as unknown as ClipFacts);
}

function parseCsv(text: string): string[][] {
  return text
    .trim()
    .split("\n")
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted ?? plain ?? ""),
    );
}
