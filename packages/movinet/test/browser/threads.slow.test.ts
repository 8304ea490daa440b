/** Threads of our WebAssembly in a page: what it must allow, the same numbers bit for bit, and nothing left behind. */
import { afterEach, describe, expect, test } from "vitest";
import { writeModel } from "../../src/formats/model-file.ts";
import { hashedModel } from "../laws/models.ts";
import { type FolderOptions, hasChromium, type OpenPage, openPage, where } from "./chromium.ts";

describe.skipIf(!hasChromium)(`threads ${where}`, () => {
  const model = writeModel(hashedModel("a0-stream", { resolution: { height: 100, width: 76 } }));
  let opened: OpenPage;
  const openTo = async (options: Partial<FolderOptions>) => {
    const entry = new URL("./threads-page.web.ts", import.meta.url);
    opened = await openPage({ entry, global: "page", served: { "/model.safetensors": model }, ...options });
    return (code: string) => opened.page.evaluate(`page.${code}`);
  };
  afterEach(() => opened?.close());

  test("where the page is isolated, they say what one says, and end with the model", async () => {
    const page = await openTo({ isolated: true, workers: "blob:" });
    const one = await page("scores()");
    expect(one).toHaveLength(3);
    expect(await page("scores(2)")).toEqual(one);
    expect(await page("scores(3)")).toEqual(one);
    await expect.poll(() => opened.page.workers()).toEqual([]);
  });

  test("a worker that ends in the middle of a step is an error, and no hang", async () => {
    const page = await openTo({ isolated: true, workers: "blob:" });
    const error =
      "MovinetError: wasm: one of its 2 threads has ended or hangs, so that steps cannot be finished. Close the model and open it again.";
    expect(await page("lost()")).toEqual({ errors: [error, error], after: await page("scores()") });
    await expect.poll(() => opened.page.workers()).toEqual([]);
  });

  test("elsewhere they are refused with the headers that they need, and one thread works", async () => {
    const page = await openTo({ workers: "blob:" });
    expect(await page("scores(2)")).toBe(
      "MovinetError: threads: the page is not cross-origin isolated, so threads cannot share memory. Serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or leave out threads.",
    );
    expect(await page("scores(1)")).toHaveLength(3);
    expect(await page("scores(0)")).toBe("TypeError: threads must be an integer in 1..64, got 0");
    expect(await page('scores(1, "reference")')).toBe(
      "TypeError: threads is for wasm: the number of threads of reference cannot be chosen",
    );
    await opened.page.evaluate("delete globalThis.WebAssembly");
    expect(await page("scores()")).toBe(
      "MovinetError: wasm: this browser or runtime has no WebAssembly with SIMD. Use Chrome 91, Firefox 89, Safari 16.4, Node 16 or newer.",
    );
  });

  test("where the policy lets no worker start, they are refused, and one thread works", async () => {
    const page = await openTo({ isolated: true });
    expect(await page("scores(2)")).toBe(
      "MovinetError: threads: the page does not let a worker start. Allow blob: in the worker-src of its Content-Security-Policy, or leave out threads.",
    );
    expect(await page("scores()")).toHaveLength(3);
  });
});
