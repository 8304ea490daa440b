/** From a stream to events: a file played as if it were live, with a configuration, a file of events and a webhook. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WatchRecord } from "movinet/watch";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasShared, officialModel, sharedFolder, sharedReason } from "../../../../packages/movinet/test/shared.ts";
import { commandLine } from "../command-line.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-watch-events-"));
});
afterAll(() => rm(folder, { recursive: true }));

const { run } = commandLine(
  () => folder,
  () => ({ HOOK_SECRET: "0123456789abcdef" }),
);
const recordsOf = (text: string): readonly WatchRecord[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe.skipIf(!hasShared)(`watch --config${sharedReason}`, () => {
  test("an action in front of a camera is one event in every place", async () => {
    const got: WatchRecord[] = [];
    const server = createServer(async (request, response) => {
      got.push(JSON.parse((await Array.fromAsync(request)).join("")));
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await writeFile(
      join(folder, "cameras.yaml"),
      `
model: ${officialModel}
labels: ${sharedFolder}/models/kinetics600_label_map.txt
events: { only: [cleaning pool, squat] }
cameras:
  - name: pool
    source: ${sharedFolder}/videos/k600/mma2_test.mp4
    realtime: true
sinks:
  - file: ${join(folder, "events.jsonl")}
  - webhook: http://127.0.0.1:${port}/
    secret: \${HOOK_SECRET}
`,
    );
    try {
      const { code, stdout, stderr } = await run("watch", "--config", "cameras.yaml", "--json");
      expect([code, stderr]).toEqual([0, "computed in int8 on LiteRT.js wasm\n"]);
      const all = recordsOf(stdout);
      expect(all.filter(({ type }) => type === "prediction").length).toBeGreaterThan(40);
      const events = all.filter((record) => record.type === "event");
      expect(events.map(({ source, label, phase }) => [source, label, phase])).toEqual([
        ["pool", "cleaning pool", "start"],
        ["pool", "cleaning pool", "end"],
      ]);
      const [, end] = events;
      const seconds = (Date.parse(end?.end as string) - Date.parse(end?.start as string)) / 1000;
      expect(seconds).toBeGreaterThan(7);
      expect(seconds).toBeLessThan(11);
      const told = all.filter(({ type }) => type !== "prediction");
      expect(recordsOf(await readFile(join(folder, "events.jsonl"), "utf8"))).toEqual(told);
      expect(got).toEqual(told);
    } finally {
      server.close();
    }
  });

  test("a class that the model does not have is refused with its line, before anything is watched", async () => {
    const file = join(folder, "wrong.yaml");
    await writeFile(
      file,
      `model: ${officialModel}\nlabels: kinetics-600\nevents: { only: [squatt] }\ncameras:\n  - name: a\n    source: b\n`,
    );
    const { code, stderr } = await run("watch", "--config", file);
    expect([code, stderr]).toEqual([
      2,
      `movinet: ${file}: line 3: the model has no class "squatt". Did you mean squat?\n`,
    ]);
  });
});
