import type { KeptFile, Ledger, Pin } from "./ledger.ts";
import type { ZooModel } from "./registry.ts";
import type { Part } from "./transfer.ts";

/** A complete model on its way into the cache. */
export interface NewFile extends KeptFile {
  /** Its name in the cache. */
  readonly file: string;
  readonly content: Uint8Array;
  /** The pin for its own address; null: a published hash was checked. */
  readonly pin: Pin | null;
}

export interface OwnPart extends Part {
  close(): Promise<void>;
}

/** Storage of models on one platform. The leftovers of a killed process are never mistaken for a model. */
export interface Store {
  /** A file's location, for display. */
  placeOf(file: string): string;
  /** What to do if a model cannot be downloaded: a sentence without its final period. */
  remedyFor(model: ZooModel): string;
  has(file: string): Promise<boolean>;
  ledger(): Promise<Ledger>;
  /** The partial download, possibly empty. Only within {@link alone} for this name. */
  part(name: string, url: string): Promise<OwnPart>;
  /** Stores a complete model with the facts about it, and removes its partial download. */
  keep(name: string, file: NewFile): Promise<void>;
  /** Runs work exclusively for this name; `onWait` is called with the one it waits for. */
  alone<T>(name: string, work: () => Promise<T>, waiting: Waiting): Promise<T>;
}

export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  readonly onWait?: ((who: string) => void) | undefined;
}
