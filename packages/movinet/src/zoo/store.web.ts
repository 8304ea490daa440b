/// <reference lib="dom" />
/** The browser's cache for the page's origin (Cache API); memory if there is none. */

import { emptyLedger, type Ledger, ledgerText, parseLedger } from "./ledger.ts";
import { MemoryPart } from "./memory-part.ts";
import type { NewFile, OwnPart, Store, Waiting } from "./store.ts";

const cacheName = "movinet";
const ledgerName = "models.lock.json";
/** For pages without a cache, while they are open. */
const memory = new Map<string, Uint8Array<ArrayBuffer>>();

export class WebStore implements Store {
  placeOf(file: string): string {
    return `${file} in the browser cache ${cacheName}`;
  }

  remedyFor(): string {
    return "Serve the model file from the page's own origin, and set the mirror option to its folder";
  }

  async has(file: string): Promise<boolean> {
    const cache = await openCache();
    return cache === null ? memory.has(file) : (await cache.match(keyOf(file))) !== undefined;
  }

  /** The bytes of a file, or null. */
  async read(file: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const cache = await openCache();
    if (cache === null) return memory.get(file) ?? null;
    const response = await cache.match(keyOf(file));
    return response === undefined ? null : new Uint8Array(await response.arrayBuffer());
  }

  async #write(file: string, content: Uint8Array): Promise<void> {
    const cache = await openCache();
    const bytes = new Uint8Array(content);
    if (cache === null) memory.set(file, bytes);
    else await cache.put(keyOf(file), new Response(bytes));
  }

  async ledger(): Promise<Ledger> {
    const bytes = await this.read(ledgerName);
    return bytes === null ? emptyLedger : parseLedger(new TextDecoder().decode(bytes), this.placeOf(ledgerName));
  }

  /** A page does not keep partial downloads for the next one. */
  async part(): Promise<OwnPart> {
    return Object.assign(new MemoryPart(), { close: async () => {} });
  }

  async keep(_name: string, { file, content, pin, ...kept }: NewFile): Promise<void> {
    await this.alone(ledgerName, async () => {
      const { models, pins } = await this.ledger();
      const ledger = {
        models: { ...models, [file]: kept },
        pins: pin === null ? pins : { ...pins, [kept.url]: pin },
      };
      await this.#write(ledgerName, new TextEncoder().encode(ledgerText(ledger)));
    });
    await this.#write(file, content);
  }

  /** Removes a model and what is known about it. Pins stay. */
  async remove(file: string): Promise<void> {
    await this.alone(ledgerName, async () => {
      const { models, pins } = await this.ledger();
      const { [file]: _, ...others } = models;
      await this.#write(ledgerName, new TextEncoder().encode(ledgerText({ models: others, pins })));
    });
    const cache = await openCache();
    if (cache === null) memory.delete(file);
    else await cache.delete(keyOf(file));
  }

  async alone<T>(name: string, work: () => Promise<T>, { signal, onWait }: Waiting = {}): Promise<T> {
    if (navigator.locks === undefined) return work();
    const key = `movinet ${name}`;
    const { held = [] } = await navigator.locks.query();
    if (held.some((lock) => lock.name === key)) onWait?.("another tab");
    return navigator.locks.request(key, { ...(signal && { signal }) }, work);
  }
}

async function openCache(): Promise<Cache | null> {
  // Private windows and pages without https have none, or refuse it.
  return typeof caches === "undefined" ? null : caches.open(cacheName).catch(() => null);
}

/** Keys of the cache are URLs, which are never requested. */
function keyOf(file: string): string {
  return new URL(`/.movinet/${file}`, location.href).href;
}
