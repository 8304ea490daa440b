import type { KeptFile, Ledger, Pin } from "./ledger.ts";
import type { ZooModel } from "./registry.ts";
import type { Part } from "./transfer.ts";

/** A model that is whole, on its way into the cache. */
export interface NewFile extends KeptFile {
  /** Its name in the cache. */
  readonly file: string;
  readonly content: Uint8Array;
  /** What is pinned with it, of its own address; null: a published hash was checked. */
  readonly pin: Pin | null;
}

export interface OwnPart extends Part {
  close(): Promise<void>;
}

/** Where models are kept, on one platform. What a killed process has left is never taken for a model. */
export interface Store {
  /** A file's place in it, as it may be shown. */
  placeOf(file: string): string;
  /** What to do where a model cannot be fetched: a sentence without its full stop. */
  remedyFor(model: ZooModel): string;
  has(file: string): Promise<boolean>;
  ledger(): Promise<Ledger>;
  /** What was left of a download, or nothing yet. For who is {@link alone} with the name. */
  part(name: string, url: string): Promise<OwnPart>;
  /** Puts a model in its place, whole or not at all, with what is to be known of it, and clears what its download left behind. */
  keep(name: string, file: NewFile): Promise<void>;
  /** Does work while nobody else does with this name; `onWait` is told whom it waits for. */
  alone<T>(name: string, work: () => Promise<T>, waiting: Waiting): Promise<T>;
}

export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  readonly onWait?: ((who: string) => void) | undefined;
}
