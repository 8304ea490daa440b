import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WatchEvent, WatchPrediction, WatchRecord } from "movinet/watch";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { movingSpot, writeClip } from "../../../packages/movinet/test/data/clips.ts";
import { PlainLines } from "../src/watch/plain.ts";
import { commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

describe("movinet watch", () => {
  let folder: string;
  const { run, start, finish } = commandLine(() => folder);
  const watch = (...args: string[]) => run("watch", "--model", "tiny.safetensors", ...args);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "movinet-watch-"));
    await writeTinyModel(join(folder, "tiny.safetensors"), ["still", "moving"]);
    await writeClip(join(folder, "clip.y4m"), { luma: movingSpot(0) });
    await writeClip(join(folder, "long.y4m"), { luma: movingSpot(0), seconds: 60 });
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("a file at its own pace: JSON lines, and exit code 0 at its end", async () => {
    const { code, stdout, stderr } = await watch("clip.y4m", "--realtime", "--on-late", "wait", "--json", "--top", "1");
    const records = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records.at(0)).toEqual({ type: "status", source: "clip.y4m", state: "connecting", message: "" });
    expect(records.at(-1)).toEqual({ type: "status", source: "clip.y4m", state: "lost", message: "it ended" });
    const predictions = records.filter(({ type }) => type === "prediction");
    expect(predictions.length).toBeGreaterThanOrEqual(2);
    for (const { source, at, time, predictions: top, lagMs, dropped } of predictions) {
      expect(source).toBe("clip.y4m");
      expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(time).toBeGreaterThanOrEqual(0);
      expect(top).toHaveLength(1);
      expect(lagMs).toBeGreaterThanOrEqual(0);
      expect(dropped).toBe(0);
    }
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  test("a source that is not there: its status, and exit code 1", async () => {
    const { code, stdout } = await watch("nothing.mp4", "--realtime");
    expect(stdout).toMatch(/nothing\.mp4 {2}lost: no such file\n$/);
    expect(code).toBe(1);
  });

  test("a camera that never answers: exit code 1 after --duration, and no password", async () => {
    const { code, stdout, stderr } = await watch("rtsp://me:s3cret@127.0.0.1:9/a", "--duration", "1.5");
    expect(stdout).toMatch(
      /rtsp:\/\/\*\*\*@127\.0\.0\.1:9\/a {2}lost: nothing answers at this address; trying again\n$/,
    );
    expect(stdout + stderr).not.toContain("s3cret");
    expect(code).toBe(1);
  });

  test.skipIf(process.platform !== "linux")("its processes end with it, even if it is killed", async () => {
    const child = start("watch", "--model", "tiny.safetensors", "long.y4m", "--realtime", "--json");
    const outcome = finish(child);
    await new Promise<void>((resolve) => {
      child.stdout?.on("data", (text: string) => text.includes("prediction") && resolve());
    });
    const pids = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8")).trim().split(" ");
    expect(pids).toHaveLength(1);
    child.kill("SIGKILL");
    await outcome;
    await vi.waitFor(() => expect(existsSync(`/proc/${pids[0]}`)).toBe(false), 10_000);
  });

  test("Ctrl-C ends it with 130 and saves the state", async () => {
    const child = start("watch", "--model", "tiny.safetensors", "long.y4m", "--realtime", "--json", "--state", "state");
    const outcome = finish(child);
    child.stdout?.on("data", (text: string) => {
      if (text.includes("prediction")) child.kill("SIGINT");
    });
    const { code, stdout } = await outcome;
    expect(code).toBe(130);
    expect(stdout.endsWith("}\n")).toBe(true);
    expect(await readdir(join(folder, "state"))).toMatchObject([
      expect.stringMatching(/^long\.y4m-\w{16}\.safetensors$/),
    ]);
  });

  test("events of cameras in a file: each has a start and an end, also in the file of records", async () => {
    await writeFile(
      join(folder, "cameras.yaml"),
      `
model: tiny.safetensors
realtime: true
onLate: wait
events: { enter: 0.02, leave: 0.01, minSeconds: 0, only: [moving] }
cameras:
  - { name: door, source: clip.y4m }
  - { name: yard, source: clip.y4m, events: { enter: 1 } }
sinks:
  - file: events.jsonl
`,
    );
    const { code, stdout, stderr } = await run("watch", "--config", "cameras.yaml", "--json");
    const records: readonly WatchRecord[] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const door = records.filter(({ source, type }) => source === "door" && type !== "prediction");
    const event = { type: "event", source: "door", label: "moving" };
    expect(door).toMatchObject([
      { state: "connecting" },
      { state: "live" },
      { ...event, phase: "start", end: null },
      { ...event, phase: "end" },
      { state: "lost" },
    ]);
    const [, , start, end] = door as unknown as readonly WatchEvent[];
    const [first] = records.filter((record) => record.type === "prediction" && record.source === "door");
    expect(start?.start).toBe((first as WatchPrediction).at);
    expect(end?.start).toBe(start?.start);
    expect(Date.parse(end?.end ?? "") - Date.parse(start?.start ?? "")).toBeGreaterThan(100);
    expect(records.filter(({ source, type }) => source === "yard" && type === "event")).toEqual([]);
    const written = (await readFile(join(folder, "events.jsonl"), "utf8")).trim().split("\n");
    expect(written.map((line) => JSON.parse(line))).toEqual(records.filter(({ type }) => type !== "prediction"));
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  test("options replace what the file says; a camera's events can be turned off", async () => {
    await writeFile(
      join(folder, "off.yaml"),
      "model: tiny.safetensors\nrealtime: true\ntop: 1\nevents: { enter: 0.02, leave: 0.01, minSeconds: 0 }\ncameras:\n  - { name: a, source: clip.y4m, top: 1, events: false }\n",
    );
    const { code, stdout } = await run("watch", "--config", "off.yaml", "--top", "2", "--json");
    const records: readonly WatchRecord[] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(new Set(records.map(({ type }) => type))).toEqual(new Set(["status", "prediction"]));
    for (const record of records) if (record.type === "prediction") expect(record.predictions).toHaveLength(2);
    expect(code).toBe(0);
  });

  test("a damaged state is as none", async () => {
    const once = () => watch("clip.y4m", "--realtime", "--json", "--state", "damaged");
    expect((await once()).code).toBe(0);
    const [file = ""] = await readdir(join(folder, "damaged"));
    await writeFile(join(folder, "damaged", file), "not a state");
    const { code, stderr } = await once();
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("snapshots of events; MP4 cannot contain raw video", async () => {
    const events = "events: { enter: 0.02, leave: 0.01, minSeconds: 0, only: [moving] }";
    const camera = "{ name: Tür, source: clip.y4m, realtime: true }";
    await writeFile(join(folder, "clips.yaml"), `model: tiny.safetensors\n${events}\ncameras:\n  - ${camera}\n`);
    const { code, stdout } = await run("watch", "--config", "clips.yaml", "--clips", "saved", "--json");
    const records: readonly WatchRecord[] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const [start, end] = records.filter(({ type }) => type === "event") as readonly WatchEvent[];
    expect([start?.clip, end?.clip]).toEqual([null, null]);
    expect(end?.snapshot).toBe(start?.snapshot);
    expect(start?.snapshot).toMatch(/^saved[/\\]t_r-\w{8}[/\\]\d{4}-\d\d-\d\dT[\d.-]+Z_moving\.jpg$/);
    expect((await readFile(join(folder, start?.snapshot ?? ""))).subarray(0, 3).toString("hex")).toBe("ffd8ff");
    const said = records.flatMap((record) => (record.type === "status" ? [record.message] : []));
    expect(said).toContain("no clips are saved: MP4 cannot contain rawvideo");
    expect(code).toBe(0);
    expect((await watch("clip.y4m", "--realtime", "--clips", "clip.y4m")).stderr).toBe(
      "movinet: clip.y4m: is a file, not a folder. Choose another folder.\n",
    );
  });

  test("a class that the model does not have, and a file that cannot be written", async () => {
    await writeFile(
      join(folder, "wrong.yaml"),
      "cameras:\n  - { name: a, source: clip.y4m, realtime: true, events: { only: [movin] } }\n",
    );
    expect(await watch("--config", "wrong.yaml")).toMatchObject({
      code: 2,
      stdout: "",
      stderr: 'movinet: wrong.yaml: line 2: the model has no class "movin". Did you mean moving?\n',
    });
    const { code, stderr } = await watch("clip.y4m", "--realtime", "--out", "no/such/folder.jsonl");
    expect(stderr).toMatch(/^movinet: no\/such\/folder\.jsonl: .*\n$/);
    expect(code).toBeGreaterThan(0);
  });

  test.each([
    [[], /^movinet: watch: missing SOURCE\. Pass a camera's URL/],
    [["rtmp://h/a"], /^movinet: rtmp:\/\/h\/a: unsupported URL scheme rtmp:\/\/\. Pass an rtsp/],
    [
      ["clip.y4m"],
      /^movinet: clip\.y4m: it is a file, not a live source\. Use movinet classify, or play it as if it were live with --realtime, or realtime: true in --config\.$/m,
    ],
    [["-", "-"], /^movinet: -: a source with this name is watched already\./],
    [["camera:0", "--region", "0.5,0,0.6,1"], /^movinet: --region must be x,y,w,h within the picture/],
    [["camera:0", "--out", "-"], /^movinet: --out must be a file\. Use --json to write to standard output\.$/m],
    [["camera:0", "--half-life", "0"], /^movinet: --half-life must be a number > 0, got "0"/],
    [["camera:0", "--transport", "tls"], /^movinet: --transport must be one of tcp, udp; got "tls"/],
  ])("%j is refused in one line, with exit code 2", async (args, message) => {
    const { code, stdout, stderr } = await watch(...args);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});

test("plain lines show an answer when it changes, and every ten seconds", () => {
  const lines = new PlainLines();
  const prediction = (seconds: number, label: string, dropped = 0) =>
    lines.line({
      ...{ type: "prediction", source: "till", time: seconds, lagMs: 7.4, dropped },
      at: new Date(1_700_000_000_000 + 1000 * seconds).toISOString(),
      predictions: [{ label, index: 0, score: 0.876 }],
    });
  expect(prediction(0, "waving")).toMatch(/^\d\d:\d\d:\d\d {2}till {2}waving 88 % {2}\(7 ms\)$/);
  expect(prediction(0.2, "waving")).toBeNull();
  expect(prediction(0.4, "clapping", 3)).toMatch(/clapping 88 % {2}\(7 ms, 3 dropped\)$/);
  expect(prediction(10, "clapping")).toBeNull();
  expect(prediction(10.4, "clapping")).toMatch(/clapping/);
  expect(lines.line({ type: "status", source: "till", state: "connecting", message: "" })).toMatch(
    /till {2}connecting$/,
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  expect(lines.line({ type: "status", source: "a\n\x1b[31mb", state: "lost", message: "" })).not.toMatch(/[\x00-\x1f]/);
});
