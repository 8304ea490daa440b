/** What a cache knows about its models: their origins and hashes, and the first downloads from each address. */
import { parseJson } from "../common/text.ts";
import { integrityError } from "./integrity.ts";

/** The first download from an address without a published hash. */
export interface Pin {
  readonly sha256: string;
  /** Date, as ISO 8601. */
  readonly since: string;
}

/** A downloaded file. */
export interface KeptFile {
  readonly sha256: string;
  readonly bytes: number;
  /** Its source. */
  readonly url: string;
  readonly licence: string;
  /** Date, as ISO 8601. */
  readonly since: string;
}

export interface Ledger {
  /** By file name in the cache. */
  readonly models: Readonly<Record<string, KeptFile>>;
  /** By address. */
  readonly pins: Readonly<Record<string, Pin>>;
}

export const emptyLedger: Ledger = { models: {}, pins: {} };

/** Reads a ledger. Throws {@link ModelError} (`E_MODEL_INTEGRITY`) if it is invalid: pins must not be lost silently. */
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
    "this is not a model list written by movinet",
    "Delete it; models are pinned again when they are next downloaded",
  );
}

export function ledgerText(ledger: Ledger): string {
  return `${JSON.stringify(ledger, null, 2)}\n`;
}

/** Throws {@link ModelError} (`E_MODEL_INTEGRITY`) if a download differs from the first one. */
export function checkPin({ pins }: Ledger, url: string, sha256: string, ledgerPlace: string): void {
  const pin = Object.hasOwn(pins, url) ? pins[url] : undefined;
  if (pin === undefined || pin.sha256 === sha256) return;
  const then = `${pin.since.slice(0, 10)}, when it was pinned in ${ledgerPlace}`;
  throw integrityError(
    url,
    `its content has changed since ${then} (SHA-256 ${sha256} instead of ${pin.sha256})`,
    "Delete that pin if the publisher has announced a new version",
  );
}
