import type { SinkConfig } from "./config.ts";
import { LinesFile } from "./lines-file.ts";
import { Mqtt, type MqttCamera } from "./mqtt.ts";
import type { Complain, Sink } from "./sink.ts";
import { Webhook } from "./webhook.ts";

/** Opens all sinks as one. Throws what opening one throws, after closing the others. */
export async function openSinks(
  configs: readonly SinkConfig[],
  cameras: readonly MqttCamera[],
  complain: Complain,
): Promise<Sink> {
  const opened: Sink[] = [];
  const close = async () => void (await Promise.allSettled(opened.map((sink) => sink[Symbol.asyncDispose]())));
  try {
    for (const config of configs) opened.push(await openSink(config, cameras, complain));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    write(record) {
      for (const sink of opened) sink.write(record);
    },
    [Symbol.asyncDispose]: close,
  };
}

async function openSink(config: SinkConfig, cameras: readonly MqttCamera[], complain: Complain): Promise<Sink> {
  if (config.kind === "file") return LinesFile.open(config.path, config.records, complain);
  if (config.kind === "webhook") return new Webhook(config, complain);
  return Mqtt.open(config, cameras, complain);
}
