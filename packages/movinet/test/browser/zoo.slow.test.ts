/** Names of the zoo in a real browser: fetched where it is allowed, checked, kept in the page's own cache. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Answer, resultOf } from "../../src/common/errors.ts";
import { open } from "../../src/flow/open.node.ts";
import { writeModel } from "../../src/formats/model-file.ts";
import { writeCheckpoint } from "../../src/formats/tensorflow/write/checkpoint.ts";
import { kinetics600 } from "../../src/zoo/kinetics600.ts";
import { zooModel } from "../../src/zoo/registry.ts";
import { tarOf } from "../formats/tar.ts";
import { hashedModel } from "../laws/models.ts";
import { told } from "../told.ts";
import { hasChromium, type OpenPage, openPage, where } from "./chromium.ts";

interface Opened {
  readonly label: string;
  readonly scores: readonly number[];
  readonly statuses: readonly string[];
}

const model = hashedModel("a0-stream", { gate: "hard_sigmoid_a" });
const [port, kaggle] = zooModel("a0-stream")?.sources.map(({ url }) => url) ?? [];

let page: OpenPage;
const served: Record<string, Uint8Array> = {};
const asked: string[] = [];
/** Answers of other hosts by address. */
const others = new Map<string, { status: number; body?: Buffer; headers?: Record<string, string> }>();

async function ask<T>(name: string, ...args: readonly unknown[]): Promise<T> {
  return resultOf((await page.page.evaluate(`app.${name}(...${JSON.stringify(args)})`)) as Answer<T>);
}

describe.skipIf(!hasChromium)(`the zoo ${where}`, () => {
  beforeAll(async () => {
    page = await openPage({
      entry: new URL("zoo-page.web.ts", import.meta.url),
      global: "app",
      served,
      others: "https://raw.githubusercontent.com https://www.kaggle.com https://storage.googleapis.com",
    });
    page.page.on("request", (request) => asked.push(request.url().replace(page.url, "/")));
    await page.page.route(/^https:/, (route) => {
      const answer = others.get(route.request().url());
      return answer ? route.fulfill(answer) : route.abort();
    });
  }, 300_000);
  afterAll(() => page.close());
  beforeEach(async () => {
    await page.page.evaluate("app.clear()");
    for (const path of Object.keys(served)) delete served[path];
    others.clear();
    asked.splice(0);
  });
  const fetched = () => asked.filter((url) => !/\.js$|^\/$/.test(url));

  test("what is kept is listed with its size, and can be removed", async () => {
    expect(await ask("list")).toEqual([]);
    served["/models/a0-stream.safetensors"] = writeModel(model);
    await ask<Opened>("opened", "a0-stream", "/models");
    const bytes = served["/models/a0-stream.safetensors"].length;
    const url = expect.stringMatching(/\/models\/a0-stream\.safetensors$/);
    expect(await ask("list")).toEqual([expect.objectContaining({ name: "a0-stream", bytes, url })]);
    await ask("remove", "a1-stream");
    await ask("remove", "a0-stream");
    expect(await ask("list")).toEqual([]);
    asked.splice(0);
    const again = await ask<Opened>("opened", "a0-stream", "/models");
    expect(again.statuses).toContain("download");
    expect(fetched()).toEqual(["/models/a0-stream.safetensors"]);
  });

  test("a mirror on the page's own origin; then the cache, in the next page too", async () => {
    served["/models/a0-stream.safetensors"] = writeModel(model);
    const first = await ask<Opened>("opened", "a0-stream", "/models");
    expect(first.statuses).toEqual(["initiate", "download", "progress", "done", "ready"]);
    expect(kinetics600).toContain(first.label);
    const recognizer = await open(model);
    const actions = await recognizer.stream({ top: 1 });
    const { scores } = await actions.step({ data: new Uint8Array(3 * 64 * 48).fill(90), width: 64, height: 48 });
    await recognizer.close();
    const off = Math.max(...first.scores.map((score, i) => Math.abs(score - (scores[i] ?? Number.NaN))));
    expect(off).toBeLessThan(1e-4);
    expect(fetched()).toEqual(["/models/a0-stream.safetensors"]);
    await page.page.reload();
    await page.page.waitForFunction("'app' in globalThis");
    const again = await ask<Opened>("opened", "a0-stream");
    expect(again).toEqual({ ...first, statuses: ["ready"] });
    expect(fetched()).toHaveLength(1);
  });

  test("a public host that lets pages of others ask: an archive of a SavedModel", async () => {
    const entries = [...writeCheckpoint(model)].map(([ending, content]) => ({
      name: `./variables/variables${ending}`,
      content,
    }));
    const headers = { "access-control-allow-origin": "*" };
    others.set(port ?? "", { status: 404, headers });
    others.set(kaggle ?? "", { status: 200, headers, body: gzipSync(tarOf(entries)) });
    const { label, statuses } = await ask<Opened>("opened", "a0-stream");
    expect(kinetics600).toContain(label);
    expect(statuses).toEqual(["initiate", "download", "skip", "initiate", "download", "progress", "done", "ready"]);
  });

  test("hosts that do not: one line that says what a page does", async () => {
    others.set(port ?? "", { status: 200, headers: { "access-control-allow-origin": "https://elsewhere.example" } });
    await expect(ask("opened", "a0-stream")).rejects.toThrow(
      told(
        "E_MODEL_DOWNLOAD",
        /^a0-stream: download failed \(raw\.githubusercontent\.com: no response \(Failed to fetch\); www\.kaggle\.com: no response \(Failed to fetch\)\)\. Serve the model file from the page's own origin, and set the mirror option to its folder\.$/,
      ),
    );
  });

  test("wrong bytes are refused, and not kept", async () => {
    served["/models/a0-stream-int8.tflite"] = new TextEncoder().encode("<html>Sign in</html>");
    await expect(ask("opened", "a0-stream-int8", "/models")).rejects.toThrow(
      told("E_MODEL_INTEGRITY", /it is a web page, not the file itself \(SHA-256 /),
    );
    expect(
      await page.page.evaluate("caches.open('movinet').then((cache) => cache.keys()).then((keys) => keys.length)"),
    ).toBe(0);
  });

  test("two at once fetch it once", async () => {
    served["/models/a0-stream.safetensors"] = writeModel(model);
    const [one, other] = await ask<readonly [Opened, Opened]>("atOnce", "a0-stream", "/models");
    expect(one.scores).toEqual(other.scores);
    expect(fetched()).toEqual(["/models/a0-stream.safetensors"]);
  });
});
