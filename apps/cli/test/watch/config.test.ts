import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkEvents, readConfig } from "../../src/watch/config.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-config-"));
});
afterAll(() => rm(folder, { recursive: true }));

const env = { DOOR: "s3cret", HOOK: "0123456789abcdef", EMPTY: "" };
const read = async (text: string) => {
  const path = join(folder, "cameras.yaml");
  await writeFile(path, text);
  return readConfig(path, env);
};
/** What is wrong with a file, after its name. */
const wrong = async (text: string) => {
  const error = await read(text).then(
    () => null,
    (error: Error) => error,
  );
  expect(error, "it was read").not.toBe(null);
  const { message } = error as Error;
  expect(message).not.toMatch(/s3cret|0123456789/);
  expect(message).not.toContain("\n");
  return message.replace(`${folder}/`, "");
};

const camera = "cameras:\n  - name: door\n    source: rtsp://10.0.0.5/sub\n";

test("a whole configuration", async () => {
  const config = await read(`
model: shop.safetensors
labels: names.txt
device: cpu
threads: 2
state: state
fps: 5
events:
  enter: 0.6
  only: [falling, fighting]
  classes:
    fighting: { enter: 0.8, minSeconds: 4 }
cameras:
  - name: door
    source: rtsp://me:\${DOOR}@10.0.0.5/sub   # the password comes from the environment
    region: [0.5, 0, 0.5, 1]
    transport: udp
    events:
      cooldownSeconds: 60
      classes:
        fighting: { enter: 0.9 }
        falling: false
  - name: till
    source: camera:0
    fps: 10
sinks:
  - file: events.jsonl
    records: [event]
  - webhook: https://example.org/hook
    secret: \${HOOK}
  - mqtt: mqtt://me:\${DOOR}@broker
    prefix: shop/cameras
    discovery: false
`);
  expect(config).toEqual({
    model: "shop.safetensors",
    labels: "names.txt",
    device: "cpu",
    threads: 2,
    state: "state",
    cameras: [
      {
        name: "door",
        source: "rtsp://me:s3cret@10.0.0.5/sub",
        fps: 5,
        region: { left: 0.5, top: 0, width: 0.5, height: 1 },
        transport: "udp",
        events: {
          enter: 0.6,
          cooldownSeconds: 60,
          only: ["falling", "fighting"],
          classes: { fighting: { enter: 0.9, minSeconds: 4 }, falling: false },
        },
      },
      {
        name: "till",
        source: "camera:0",
        fps: 10,
        events: { enter: 0.6, only: ["falling", "fighting"], classes: { fighting: { enter: 0.8, minSeconds: 4 } } },
      },
    ],
    sinks: [
      { kind: "file", path: "events.jsonl", records: ["event"] },
      { kind: "webhook", url: "https://example.org/hook", secret: "0123456789abcdef", records: ["event", "status"] },
      { kind: "mqtt", url: "mqtt://me:s3cret@broker", prefix: "shop/cameras", discovery: null },
    ],
    classes: expect.arrayContaining([{ label: "falling", line: 10 }]),
  });
});

test("the least: cameras", async () => {
  expect(await read(camera)).toEqual({
    cameras: [{ name: "door", source: "rtsp://10.0.0.5/sub", events: {} }],
    sinks: [],
    classes: [],
  });
});

describe("one line for what is wrong", () => {
  test.each([
    ["camras: []", 'cameras.yaml: line 1: unknown key "camras" in the file. Did you mean cameras?'],
    [
      `${camera}    tresholds: 1`,
      /^cameras.yaml: line 4: unknown key "tresholds" in an item of cameras\. Use name, source, /,
    ],
    [`${camera}    __proto__: 1`, /line 4: unknown key "__proto__"/],
    ["", "cameras.yaml: it is empty. Add cameras."],
    ["model: a0-stream", "cameras.yaml: line 1: the file has no cameras. Add it."],
    ["cameras: []", "cameras.yaml: line 1: cameras must have at least 1 item."],
    ["cameras:\n  - source: x", "cameras.yaml: line 2: an item of cameras has no name. Add it."],
    ["cameras: rtsp://me:s3cret@host", "cameras.yaml: line 1: cameras must be a list. Begin each item with a dash."],
    [
      `${camera}  - name: door\n    source: b`,
      'cameras.yaml: line 4: a second camera is called "door". Give it another name.',
    ],
    [`${camera}    name: b`, "cameras.yaml: line 4: a key is given twice."],
    [`${camera}    fps: fast`, "cameras.yaml: line 4: fps must be a number > 0."],
    [`${camera}    fps: -1`, "cameras.yaml: line 4: fps must be a number > 0, got -1."],
    [`${camera}    name2: [`, /^cameras.yaml: line 4: it is not valid YAML \([A-Z_]+\)\.$/],
    [`${camera}    transport: tpc`, "cameras.yaml: line 4: transport must be tcp or udp. Did you mean tcp?"],
    [`${camera}    region: [0.5, 0, 0.6, 1]`, /line 4: region must be \[left, top, width, height\] within the picture/],
    [`${camera}    region: [0.5, 0, 0.5]`, /line 4: region must be/],
    [`${camera}    events: { enter: 2 }`, "cameras.yaml: line 4: enter must be a number > 0 and ≤ 1, got 2."],
    [
      `${camera}    events: { enter: 0.2, leave: 0.5 }`,
      "cameras.yaml: line 4: leave must be at most enter (0.2), got 0.5.",
    ],
    [`${camera}    events: { entr: 0.2 }`, 'cameras.yaml: line 4: unknown key "entr" in events. Did you mean enter?'],
    [`${camera}    events: { classes: { a: off } }`, "cameras.yaml: line 4: a must be false or have settings."],
    [`${camera}    source2: &a 1\n    fps: *a`, /line 5: aliases \(\*name\) are not supported|unknown key/],
    ["cameras:\n  - name: 7\n    source: x", "cameras.yaml: line 2: name must be a text. Put it in quotes."],
    [
      `cameras:\n  - name: a\n    source: rtsp://me:\${NONE}@host`,
      `cameras.yaml: line 3: the environment variable NONE is not set. Set it, or write $\${NONE} for the text itself.`,
    ],
    [
      `cameras:\n  - name: a\n    source: rtsp://me:\${EMPTY}@host`,
      /line 3: the environment variable EMPTY is not set/,
    ],
    [
      `cameras:\n  - name: a\n    source: rtsp://me:\${s3 cret}@h`,
      /line 3: source has a \$\{…\} without the name of a variable/,
    ],
    [
      `${camera}sinks:\n  - webhok: http://a`,
      "cameras.yaml: line 5: a sink must have one of file, webhook, mqtt. Did you mean webhook?",
    ],
    [`${camera}sinks:\n  - webhook: me:s3cret`, "cameras.yaml: line 5: webhook must be a URL with http://, https://."],
    [
      `${camera}sinks:\n  - webhook: http://a\n    secret: s3cret`,
      "cameras.yaml: line 6: secret is too short. Use at least 16 characters.",
    ],
    [
      `${camera}sinks:\n  - webhook: http://a\n    secret: whsec_0123456789!`,
      "cameras.yaml: line 6: secret is not base64 after whsec_.",
    ],
    [`${camera}sinks:\n  - mqtt: mqtt://a\n    prefix: "a/#"`, /line 6: prefix must be the beginning of a topic/],
    [
      `${camera}sinks:\n  - file: a\n    records: [events]`,
      /line 6: an item of records must be event or status or prediction\. Did you mean event\?/,
    ],
  ])("%j", async (text, message) => {
    const got = await wrong(text);
    if (typeof message === "string") expect(got).toBe(message);
    else expect(got).toMatch(message);
  });

  test("a file that is not there", async () => {
    await expect(readConfig(join(folder, "none.yaml"), env)).rejects.toThrow(/none\.yaml: no such file/);
  });

  test("thresholds that contradict each other once they are put together", async () => {
    const config = await read(`events:\n  leave: 0.5\n${camera}    events: { classes: { falling: { enter: 0.4 } } }`);
    expect(() => checkEvents("cameras.yaml", config, ["falling"])).toThrow(
      'cameras.yaml: camera "door": events of "falling": leave must be above 0 and at most enter (0.4), got 0.5.',
    );
    const low = await read(`${camera}    events: { enter: 0.01 }`);
    expect(() => checkEvents("cameras.yaml", low, ["falling"])).toThrow(/at most enter \(0\.01\), got 0\.05\.$/);
  });

  test("classes that the model does not have", async () => {
    const config = await read(`events:\n  only: [falling]\n  classes:\n    fallin: { enter: 0.5 }\n${camera}`);
    expect(() => checkEvents("cameras.yaml", config, ["falling"])).toThrow(
      'cameras.yaml: line 4: the model has no class "fallin". Did you mean falling?',
    );
    checkEvents("cameras.yaml", config, ["falling", "fallin"]);
  });
});
