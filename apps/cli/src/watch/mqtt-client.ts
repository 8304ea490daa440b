import { MovinetError } from "movinet";
import { shownSource } from "movinet/files";

/** A connection to a broker that comes back by itself. */
export interface MqttClient {
  readonly isConnected: boolean;
  /** Gives a message to the broker, at least once; false: it did not take it. */
  publish(topic: string, text: string, retain: boolean): Promise<boolean>;
  /** Ends the connection, after at most some seconds. */
  close(seconds: number): Promise<void>;
}

export interface MqttConnection {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`, with or without `user:password@`. */
  readonly url: string;
  readonly clientId: string;
  /** What the broker publishes, retained, if the connection breaks. */
  readonly lastWill: { readonly topic: string; readonly text: string };
  onConnect(): void;
  /** Called for each failed try. */
  onTrouble(problem: string): void;
}

/** Connects in the background, again and again until it succeeds. Throws a `MovinetError` where the package `mqtt` does not load. */
export async function connectMqtt({ url, clientId, lastWill, ...on }: MqttConnection): Promise<MqttClient> {
  const { default: mqtt } = await import("mqtt").catch((cause: Error) => {
    throw new MovinetError({
      code: "E_DEPENDENCY_MISSING",
      subject: shownSource(url),
      problem: `the package mqtt cannot be loaded (${cause.message.split("\n")[0]})`,
      remedy: "Install @movinet/cli again",
      cause,
    });
  });
  const client = mqtt.connect(url, {
    clientId,
    clean: true,
    connectTimeout: 10_000,
    keepalive: 30,
    reconnectPeriod: 2000,
    // What is not sent at once is kept by the sink, within bounds, not by the client.
    queueQoSZero: false,
    will: { topic: lastWill.topic, payload: Buffer.from(lastWill.text), qos: 1, retain: true },
  });
  client.on("connect", () => on.onConnect());
  client.on("error", (error) => on.onTrouble(problemOf(error)));
  client.on("offline", () => on.onTrouble("the broker does not answer"));
  client.on("close", () => on.onTrouble("the connection broke"));
  return {
    get isConnected() {
      return client.connected;
    },
    publish: (topic, text, retain) =>
      new Promise((resolve) => {
        if (!client.connected) return resolve(false);
        client.publish(topic, text, { qos: 1, retain }, (error) => resolve(!error));
      }),
    async close(seconds) {
      const timer = setTimeout(() => client.end(true), seconds * 1000);
      await client.endAsync(!client.connected).catch(() => {});
      clearTimeout(timer);
    },
  };
}

function problemOf({ message, code }: Error & { readonly code?: number | string }): string {
  if (code === 4 || code === 5 || code === 134 || code === 135) return "the broker refuses the user or password";
  return `the connection failed (${typeof code === "string" ? code : message})`;
}
