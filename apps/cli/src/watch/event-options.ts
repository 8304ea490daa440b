/** Options of `watch` about cameras in a file, and about where records go. */
import { parsed, text } from "../options.ts";
import { UsageError } from "../usage.ts";
import { type SinkConfig, usualDiscovery, usualPrefix, usualRecords } from "./config.ts";

/** The environment variable with the secret of `--webhook`: command lines are visible to others. */
export const secretVariable = "MOVINET_WEBHOOK_SECRET";

export const eventOptions = {
  config: text("Cameras, their events, and where these go, in YAML", "file"),
  out: text("Append events and states of cameras to this file, one JSON object per line", "file"),
  clips: text("Save the video and a picture of each event here, in a folder per camera", "folder"),
  webhook: parsed(
    `Send them to this address by POST, signed with ${secretVariable} if it is set`,
    readUrl(["http:", "https:"]),
    "URL",
  ),
  mqtt: parsed(
    "Tell an MQTT broker, with discovery for Home Assistant: mqtt://user:password@host",
    readUrl(["mqtt:", "mqtts:", "ws:", "wss:"]),
    "URL",
  ),
};

/** The sinks of these options. Throws a {@link UsageError} for a secret that is too short. */
export function sinksOf(
  {
    out,
    webhook,
    mqtt,
  }: { readonly out?: string | undefined; readonly webhook?: string | undefined; readonly mqtt?: string | undefined },
  env: NodeJS.ProcessEnv = process.env,
): readonly SinkConfig[] {
  if (out === "-") throw new UsageError("--out", "must be a file", "Use --json to write to standard output");
  const secret = env[secretVariable] || null;
  if (webhook !== undefined && secret !== null && secret.length < 16) {
    throw new UsageError(secretVariable, "is too short", "Use at least 16 characters");
  }
  return [
    ...(out === undefined ? [] : [{ kind: "file", path: out, records: usualRecords } as const]),
    ...(webhook === undefined ? [] : [{ kind: "webhook", url: webhook, secret, records: usualRecords } as const]),
    ...(mqtt === undefined
      ? []
      : [{ kind: "mqtt", url: mqtt, prefix: usualPrefix, discovery: usualDiscovery } as const]),
  ];
}

function readUrl(schemes: readonly string[]): (text: string, name: string) => string {
  return (text, name) => {
    if (URL.canParse(text) && schemes.includes(new URL(text).protocol)) return text;
    throw new UsageError(name, `must be a URL with ${schemes.map((one) => `${one}//`).join(", ")}`);
  };
}
