import { createHash } from "node:crypto";
import { shownSource } from "movinet/files";
import type { WatchRecord } from "movinet/watch";
import {
  classDiscovery,
  labelDiscovery,
  type Message,
  noLabel,
  programTopic,
  type Topics,
  topicsOf,
} from "./home-assistant.ts";
import { lineOf } from "./lines-file.ts";
import { connectMqtt, type MqttClient } from "./mqtt-client.ts";
import { type Complain, lastSeconds, type Sink, Trouble } from "./sink.ts";

export interface MqttOptions {
  /** `mqtt://` or `mqtts://`, with or without `user:password@`. */
  readonly url: string;
  /** The beginning of all topics. */
  readonly prefix: string;
  /** The topic below which Home Assistant looks for devices; null: no devices are announced. */
  readonly discovery: string | null;
}

/** A camera, and the classes that have events. */
export interface MqttCamera {
  readonly name: string;
  readonly classes: readonly string[];
}

type Event = Extract<WatchRecord, { readonly type: "event" }>;

/** A camera with more classes gets a binary sensor for a class at its first event: nobody wants 600 at once. */
const mostSensors = 50;
/** Events that wait for a connection; when there are more, the oldest is lost. */
const mostWaiting = 1000;

/** What a camera's topics say. */
interface Shown {
  readonly topics: Topics;
  readonly classes: Set<string>;
  readonly open: Map<string, Event>;
  isLive: boolean;
}

/**
 * Events and the state of cameras for an MQTT broker, with discovery for Home Assistant. States are retained, and all of
 * them are sent again after each connection; events wait while there is none.
 */
export class Mqtt implements Sink {
  readonly #options: MqttOptions;
  readonly #program: string;
  readonly #trouble: Trouble;
  readonly #cameras: ReadonlyMap<string, Shown>;
  readonly #waiting: Message[] = [];
  #client: MqttClient | null = null;
  #working: Promise<void> = Promise.resolve();
  #isClosing = false;

  private constructor(options: MqttOptions, cameras: readonly MqttCamera[], complain: Complain) {
    this.#options = options;
    const names = cameras.map(({ name }) => name).sort();
    const hash = createHash("sha256")
      .update(JSON.stringify([options.prefix, names]))
      .digest("hex")
      .slice(0, 12);
    // The same cameras give the same topics at the next start; other programs have other cameras.
    this.#program = `program_${hash}`;
    this.#trouble = new Trouble(complain);
    this.#cameras = new Map(
      cameras.map(({ name, classes }) => [
        name,
        {
          topics: topicsOf(options.prefix, this.#program, name),
          classes: new Set(classes.length <= mostSensors ? classes : []),
          open: new Map(),
          isLive: false,
        },
      ]),
    );
  }

  /** Returns at once and connects in the background. Throws a `MovinetError` where the package `mqtt` does not load. */
  static async open(options: MqttOptions, cameras: readonly MqttCamera[], complain: Complain): Promise<Mqtt> {
    const sink = new Mqtt(options, cameras, complain);
    const name = `movinet: ${shownSource(options.url)}`;
    sink.#client = await connectMqtt({
      url: options.url,
      clientId: `movinet_${sink.#program.slice(-12)}`,
      lastWill: { topic: sink.#programTopic, text: "offline" },
      onConnect() {
        sink.#trouble.over(`${name}: connected again`);
        sink.#tellAll();
      },
      onTrouble(problem) {
        if (!sink.#isClosing) sink.#trouble.tell(`${name}: ${problem}; trying again`);
      },
    });
    return sink;
  }

  write(record: WatchRecord): void {
    const camera = this.#cameras.get(record.source);
    if (!camera || record.type === "prediction") return;
    if (record.type === "status") {
      const isLive = record.state === "live";
      if (isLive === camera.isLive) return;
      camera.isLive = isLive;
      this.#tell(camera.topics.camera, isLive ? "online" : "offline");
      return;
    }
    const { label, phase } = record;
    if (phase === "start") camera.open.set(label, record);
    else camera.open.delete(label);
    if (!camera.classes.has(label)) {
      camera.classes.add(label);
      this.#discover((root) => classDiscovery(root, record.source, camera.topics, label));
    }
    this.#tell(camera.topics.classTopic(label), phase === "start" ? "ON" : "OFF");
    this.#tell(camera.topics.label, labelOf(camera));
    this.#waiting.push({ topic: camera.topics.events, text: lineOf(record) });
    if (this.#waiting.length > mostWaiting) {
      this.#waiting.shift();
      this.#trouble.tell(`movinet: ${shownSource(this.#options.url)}: more than ${mostWaiting} events wait`, 1);
    }
    this.#run(() => this.#sendWaiting());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    for (const { topics } of this.#cameras.values()) this.#tell(topics.camera, "offline");
    this.#tell(this.#programTopic, "offline");
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, lastSeconds * 1000);
    });
    await Promise.race([this.#client?.isConnected ? this.#working : null, late]);
    clearTimeout(timer);
    await this.#client?.close(lastSeconds);
    const name = `movinet: ${shownSource(this.#options.url)}`;
    this.#trouble.end(`${name}: not everything could be delivered`, this.#waiting.length);
  }

  get #programTopic(): string {
    return programTopic(this.#options.prefix, this.#program);
  }

  /** After a connection: devices, then states, then what had to wait. */
  #tellAll(): void {
    for (const [name, { topics, classes, open, isLive }] of this.#cameras) {
      this.#discover((root) => labelDiscovery(root, name, topics));
      for (const label of classes) {
        this.#discover((root) => classDiscovery(root, name, topics, label));
        this.#tell(topics.classTopic(label), open.has(label) ? "ON" : "OFF");
      }
      this.#tell(topics.label, labelOf({ open }));
      this.#tell(topics.camera, isLive ? "online" : "offline");
    }
    this.#tell(this.#programTopic, "online");
    this.#run(() => this.#sendWaiting());
  }

  #discover(make: (root: string) => Message): void {
    if (this.#options.discovery === null) return;
    const { topic, text } = make(this.#options.discovery);
    this.#tell(topic, text);
  }

  /** A state. Without a connection it is dropped: the next connection tells the latest of all. */
  #tell(topic: string, text: string): void {
    if (this.#client?.isConnected) this.#run(async () => void (await this.#client?.publish(topic, text, true)));
  }

  async #sendWaiting(): Promise<void> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const taken = await this.#client?.publish(next.topic, next.text, false);
      if (!taken) return;
      if (this.#waiting[0] === next) this.#waiting.shift();
    }
  }

  /** One message after the other, in order. */
  #run(work: () => Promise<void>): void {
    this.#working = this.#working.then(work).catch(() => {});
  }
}

/** The open event of the highest score, or none. */
function labelOf({ open }: Pick<Shown, "open">): string {
  const [first] = [...open.values()].sort((a, b) => b.peak - a.peak);
  return first?.label ?? noLabel;
}
