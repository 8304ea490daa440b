import type { Part, Version } from "./transfer.ts";

const firstBytes = 2 ** 20;

/** A partial download that lasts as long as the process or page. */
export class MemoryPart implements Part {
  #buffer = new Uint8Array(firstBytes);
  #length = 0;
  #version: Version | null = null;

  get version(): Version | null {
    return this.#version;
  }

  get length(): number {
    return this.#length;
  }

  async begin(version: Version): Promise<void> {
    this.#version = version;
    this.#length = 0;
  }

  async append(bytes: Uint8Array): Promise<void> {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      // Allocate for what arrives, not for what a server announces.
      const grown = new Uint8Array(
        Math.max(length, Math.min(2 * this.#buffer.length, this.#version?.total ?? Infinity)),
      );
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
  }

  async bytes(): Promise<Uint8Array> {
    return this.#buffer.subarray(0, this.#length);
  }
}
