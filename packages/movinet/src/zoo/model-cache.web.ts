/// <reference lib="dom" />
import { WebStore } from "./store.web.ts";

/** A model that this browser keeps. */
export interface CachedModel {
  /** The name that opens it. */
  readonly name: string;
  readonly bytes: number;
  /** Its source. */
  readonly url: string;
  readonly licence: string;
  /** Date, as ISO 8601. */
  readonly since: string;
}

/** The models that the browser keeps for the page's origin after they were opened by name. */
export class ModelCache {
  readonly #store = new WebStore();

  /** Its models, by name. Throws {@link ModelError} (`E_MODEL_INTEGRITY`) if its list is damaged. */
  async list(): Promise<readonly CachedModel[]> {
    const found: CachedModel[] = [];
    for (const [file, { bytes, url, licence, since }] of Object.entries((await this.#store.ledger()).models)) {
      if (await this.#store.has(file)) found.push({ name: nameOf(file), bytes, url, licence, since });
    }
    return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Removes the model of this name; open models are not affected. */
  async remove(name: string): Promise<void> {
    for (const file of Object.keys((await this.#store.ledger()).models)) {
      if (nameOf(file) === name) await this.#store.alone(name, () => this.#store.remove(file));
    }
  }
}

function nameOf(file: string): string {
  return file.replace(/\.(safetensors|tflite)$/, "");
}
