/** What a cache knows of its models: where each came from, its hash, and what addresses gave the first time. */
import { parseJson } from "../common/text.ts";
import { integrityError } from "./integrity.ts";

/** What an address gave the first time, where nobody publishes a hash. */
export interface Pin {
  readonly sha256: string;
  /** When, as ISO 8601. */
  readonly since: string;
}

/** A file that was pulled. */
export interface KeptFile {
  readonly sha256: string;
  readonly bytes: number;
  /** Where it came from. */
  readonly url: string;
  readonly licence: string;
  /** When, as ISO 8601. */
  readonly since: string;
}

export interface Ledger {
  /** By the file's name in the cache. */
  readonly models: Readonly<Record<string, KeptFile>>;
  /** By address. */
  readonly pins: Readonly<Record<string, Pin>>;
}

export const emptyLedger: Ledger = { models: {}, pins: {} };

/** Reads a ledger's text. Throws {@link ModelError} (`E_MODEL_INTEGRITY`) for what is none: pins must not be lost quietly. */
export function parseLedger(text: string, subject: string): Ledger {
  try {
    const { models, pins } = parseJson(text) as Ledger;
    const whole = [...Object.values(models), ...Object.values(pins)].every(
      ({ sha256, since }) => /^[0-9a-f]{64}$/.test(sha256) && typeof since === "string",
    );
    if (whole) return { models, pins };
  } catch {}
  throw integrityError(
    subject,
    "it is no list of models that movinet wrote",
    "Remove it; what is pulled is then pinned anew",
  );
}

export function ledgerText(ledger: Ledger): string {
  return `${JSON.stringify(ledger, null, 2)}\n`;
}

/** Throws {@link ModelError} (`E_MODEL_INTEGRITY`) where an address gives something else than the first time. */
export function checkPin({ pins }: Ledger, url: string, sha256: string, ledgerPlace: string): void {
  const pin = Object.hasOwn(pins, url) ? pins[url] : undefined;
  if (pin === undefined || pin.sha256 === sha256) return;
  const then = `on ${pin.since.slice(0, 10)}, when it was pinned in ${ledgerPlace}`;
  throw integrityError(
    url,
    `it gives something else than ${then} (SHA-256 ${sha256} instead of ${pin.sha256})`,
    "Remove that pin if its publisher tells of a new version",
  );
}
