/** `--config`: the cameras of a machine, when their scores are events, and where these go. */
import type { Fit } from "movinet";
import { EventDetector } from "movinet/watch";
import { nearest } from "../nearest.ts";
import { UsageError } from "../usage.ts";
import type { MqttOptions } from "./mqtt.ts";
import { regionOf } from "./region.ts";
import type { RecordType } from "./sink.ts";
import type { WebhookOptions } from "./webhook.ts";
import { type Read, readYaml, type YamlValue } from "./yaml-value.ts";

/** When the scores of a camera are events. */
type EventRules = NonNullable<ConstructorParameters<typeof EventDetector>[2]>;

/** How a camera is watched. */
export interface CameraSettings {
  readonly top?: number;
  readonly fps?: number;
  readonly fullRate?: boolean;
  readonly fit?: Fit;
  readonly region?: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  readonly transport?: "tcp" | "udp";
  readonly realtime?: boolean;
  readonly onLate?: "drop" | "wait";
  readonly halfLifeSeconds?: number;
  readonly clips?: string;
  readonly connectSeconds?: number;
  readonly readSeconds?: number;
}

export interface CameraConfig extends CameraSettings {
  readonly name: string;
  /** With credentials: for connecting alone. */
  readonly source: string;
  /** False: it has none. */
  readonly events: EventRules | false;
}

/** A place for records. */
export type SinkConfig =
  | { readonly kind: "file"; readonly path: string; readonly records: readonly RecordType[] }
  | ({ readonly kind: "webhook" } & WebhookOptions)
  | ({ readonly kind: "mqtt" } & MqttOptions);

export interface WatchConfig {
  readonly model?: string;
  readonly labels?: string;
  readonly device?: string;
  readonly threads?: number;
  /** Folder for the states of the cameras' streams. */
  readonly state?: string;
  readonly cameras: readonly CameraConfig[];
  readonly sinks: readonly SinkConfig[];
  /** Every class that is named, with its line. */
  readonly classes: readonly { readonly label: string; readonly line: number }[];
}

/** What goes to files and webhooks unless `records` says otherwise: answers alone are 100 MB per camera and day. */
export const usualRecords: readonly RecordType[] = ["event", "status"];
export const usualPrefix = "movinet";
export const usualDiscovery = "homeassistant";

const text: Read<string> = (value) => value.text();
const flag: Read<boolean> = (value) => value.boolean();
const positive: Read<number> = (value) => value.number("a number > 0", (x) => x > 0 && x < Infinity);
const seconds: Read<number> = (value) => value.number("a number ≥ 0", (x) => x >= 0 && x < Infinity);
const share: Read<number> = (value) => value.number("a number > 0 and ≤ 1", (x) => x > 0 && x <= 1);
const count =
  (most = Infinity): Read<number> =>
  (value) =>
    value.number(
      `an integer ≥ 1${most === Infinity ? "" : ` and ≤ ${most}`}`,
      (x) => Number.isInteger(x) && x >= 1 && x <= most,
    );
const records: Read<readonly RecordType[]> = (value) =>
  value.list((item) => item.choice(["event", "status", "prediction"]), 1);

const cameraFields = {
  top: count(),
  fps: positive,
  fullRate: flag,
  fit: (value: YamlValue) => value.choice<Fit>(["crop", "squash", "pad"]),
  region: readRegion,
  transport: (value: YamlValue) => value.choice(["tcp", "udp"]),
  realtime: flag,
  onLate: (value: YamlValue) => value.choice(["drop", "wait"]),
  halfLifeSeconds: positive,
  clips: text,
  connectSeconds: positive,
  readSeconds: positive,
};
const eventFields = { enter: share, leave: share, minSeconds: seconds, cooldownSeconds: seconds };

/** Reads a configuration. Throws a {@link UsageError} of one line for the first thing that is wrong. */
export async function readConfig(path: string, env: NodeJS.ProcessEnv = process.env): Promise<WatchConfig> {
  const file = await readYaml(path, "the file", env);
  const classes: { readonly label: string; readonly line: number }[] = [];
  const note = (label: string, { line }: YamlValue) => {
    classes.push({ label, line });
    return label;
  };
  const events: Read<EventRules | false> = (value) => {
    if (!value.isMap) return off(value);
    const rules = value.map({
      ...eventFields,
      only: (list) => list.list((item) => note(item.text(), item), 1),
      classes: (map) =>
        Object.fromEntries(
          map.entries().map(([label, own]) => [note(label, own), own.isMap ? own.map(eventFields) : off(own)]),
        ),
    });
    const { enter, leave } = rules;
    if (enter !== undefined && leave !== undefined && leave > enter) {
      throw value.fail(`leave must be at most enter (${enter}), got ${leave}`);
    }
    return rules;
  };
  const camera = (value: YamlValue) => {
    const own = value.map({ name: text, source: text, ...cameraFields, events }, ["name", "source"]);
    return { own: own as typeof own & { readonly name: string; readonly source: string }, value };
  };
  const {
    events: common = {},
    cameras: list,
    sinks = [],
    ...read
  } = file.map(
    {
      model: text,
      labels: text,
      device: text,
      threads: count(1024),
      state: text,
      ...cameraFields,
      events,
      cameras: (value) => value.list(camera, 1),
      sinks: (value) => value.list(readSink),
    },
    ["cameras"],
  );
  const { model, labels, device, threads, state, ...all } = read;
  const names = new Set<string>();
  const cameras = (list ?? []).map(({ own, value }) => {
    if (names.has(own.name))
      throw value.fail(`a second camera is called ${JSON.stringify(own.name)}`, "Give it another name");
    names.add(own.name);
    return { ...all, ...own, events: merged(common, own.events) };
  });
  const given = Object.entries({ model, labels, device, threads, state }).filter(([, one]) => one !== undefined);
  return { ...Object.fromEntries(given), cameras, sinks, classes };
}

/** Throws a {@link UsageError} for a class that the model does not have, and for thresholds that contradict each other. */
export function checkEvents(
  path: string,
  { classes, cameras }: Pick<WatchConfig, "classes" | "cameras">,
  labels: readonly string[],
): void {
  const unknown = classes.find(({ label }) => !labels.includes(label));
  if (unknown) {
    const meant = nearest(unknown.label, labels);
    const remedy = meant === null ? "Run movinet inspect on the model to see its classes" : `Did you mean ${meant}?`;
    throw new UsageError(path, `line ${unknown.line}: the model has no class ${JSON.stringify(unknown.label)}`, remedy);
  }
  for (const { name, events } of cameras) {
    if (events === false) continue;
    try {
      new EventDetector(name, labels, events);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new UsageError(path, `camera ${JSON.stringify(name)}: ${error.message}`);
    }
  }
}

/** A camera's own rules before those of all cameras, class by class. */
function merged(common: EventRules | false, own: EventRules | false | undefined): EventRules | false {
  if (own === undefined || own === false || common === false) return own ?? common;
  const labels = new Set([...Object.keys(common.classes ?? {}), ...Object.keys(own.classes ?? {})]);
  const classes = Array.from(labels, (label) => {
    const [theirs, mine] = [common.classes?.[label], own.classes?.[label]];
    return [label, mine && theirs ? { ...theirs, ...mine } : (mine ?? theirs)] as const;
  });
  return { ...common, ...own, ...(classes.length > 0 && { classes: Object.fromEntries(classes) }) } as EventRules;
}

function off(value: YamlValue): false {
  if (value.isText || value.boolean()) throw value.fail(`${value.name} must be false or have settings`);
  return false;
}

function readRegion(value: YamlValue): NonNullable<CameraSettings["region"]> {
  const region = regionOf(value.list((item) => item.number("a number in 0..1", (x) => x >= 0 && x <= 1)));
  if (region) return region;
  throw value.fail("region must be [left, top, width, height] within the picture, in fractions of it");
}

function readSink(value: YamlValue): SinkConfig {
  const kinds = ["file", "webhook", "mqtt"] as const;
  const keys = value.entries().map(([key]) => key);
  const [kind, ...more] = kinds.filter((one) => keys.includes(one));
  if (kind === undefined || more.length > 0) {
    const meant = keys.map((key) => nearest(key, kinds)).find((one) => one !== null);
    throw value.fail(`a sink must have one of ${kinds.join(", ")}`, meant ? `Did you mean ${meant}?` : "");
  }
  if (kind === "file") {
    const { file = "", ...own } = value.map({ file: text, records });
    return { kind, path: file, records: own.records ?? usualRecords };
  }
  if (kind === "webhook") {
    const own = value.map({ webhook: url(["http:", "https:"]), secret: readSecret, records, timeoutSeconds: positive });
    const { webhook = "", secret = null, timeoutSeconds } = own;
    const timeout = timeoutSeconds === undefined ? {} : { timeoutSeconds };
    return { kind, url: webhook, secret, records: own.records ?? usualRecords, ...timeout };
  }
  const discovery: Read<string | null> = (one) => (one.isText ? readTopic(one) : one.boolean() ? usualDiscovery : null);
  const own = value.map({ mqtt: url(["mqtt:", "mqtts:", "ws:", "wss:"]), prefix: readTopic, discovery });
  const { mqtt = "", prefix = usualPrefix } = own;
  return { kind, url: mqtt, prefix, discovery: own.discovery === undefined ? usualDiscovery : own.discovery };
}

function url(schemes: readonly string[]): Read<string> {
  return (value) => {
    const text = value.text();
    if (URL.canParse(text) && schemes.includes(new URL(text).protocol)) return text;
    throw value.fail(`${value.name} must be a URL with ${schemes.map((one) => `${one}//`).join(", ")}`);
  };
}

function readSecret(value: YamlValue): string {
  const secret = value.text();
  const isBase64 = /^whsec_[A-Za-z\d+/]+={0,2}$/.test(secret);
  if (secret.startsWith("whsec_") && !isBase64) throw value.fail("secret is not base64 after whsec_");
  if (secret.length < 16) throw value.fail("secret is too short", "Use at least 16 characters");
  return secret;
}

function readTopic(value: YamlValue): string {
  const topic = value.text();
  if (/^[^\s#+/$][^\s#+]*$/.test(topic) && !topic.endsWith("/")) return topic;
  throw value.fail(`${value.name} must be the beginning of a topic, without #, + and spaces`);
}
