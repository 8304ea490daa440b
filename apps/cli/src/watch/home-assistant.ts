/** A camera's topics on an MQTT broker, and the messages by which it appears in Home Assistant. */
import { createHash } from "node:crypto";
import { version } from "../version.ts";

/** The state of the sensor while no event is open. */
export const noLabel = "none";

export interface Topics {
  /** See {@link programTopic}. */
  readonly program: string;
  /** `online` while the camera is live. */
  readonly camera: string;
  /** The label of the event that is open, or `none`. */
  readonly label: string;
  /** Events as JSON, as they come. */
  readonly events: string;
  /** `ON` while an event of the class is open. */
  classTopic(label: string): string;
}

export function topicsOf(prefix: string, program: string, camera: string): Topics {
  const base = `${prefix}/${slugOf(camera)}`;
  return {
    program: programTopic(prefix, program),
    camera: `${base}/availability`,
    label: `${base}/label`,
    events: `${base}/events`,
    classTopic: (label) => `${base}/classes/${slugOf(label)}`,
  };
}

/** `online` while the program is connected. */
export function programTopic(prefix: string, program: string): string {
  return `${prefix}/${program}/availability`;
}

/** A name for topics and ids: letters, digits, `_` and `-`; different names stay different. */
export function slugOf(name: string): string {
  const slug = name.toLowerCase().replace(/[^a-z0-9_-]+/g, "_");
  return slug === name || slug === name.replaceAll(" ", "_")
    ? slug
    : `${slug.slice(0, 40)}_${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
}

export interface Message {
  readonly topic: string;
  readonly text: string;
}

/** The sensor with the current label. */
export function labelDiscovery(root: string, camera: string, topics: Topics): Message {
  return discovery(root, "sensor", camera, topics, "label", {
    name: "Action",
    state_topic: topics.label,
    icon: "mdi:run",
  });
}

/** The binary sensor of a class. */
export function classDiscovery(root: string, camera: string, topics: Topics, label: string): Message {
  return discovery(root, "binary_sensor", camera, topics, `class_${slugOf(label)}`, {
    name: label,
    state_topic: topics.classTopic(label),
    payload_on: "ON",
    payload_off: "OFF",
  });
}

function discovery(
  root: string,
  component: string,
  camera: string,
  topics: Topics,
  object: string,
  own: Readonly<Record<string, string>>,
): Message {
  const device = `movinet_${slugOf(camera)}`;
  const config = {
    ...own,
    unique_id: `${device}_${object}`,
    object_id: `${device}_${object}`,
    availability_mode: "all",
    availability: [{ topic: topics.program }, { topic: topics.camera }],
    device: { identifiers: [device], name: camera, manufacturer: "movinet", model: "Camera", sw_version: version },
    origin: { name: "movinet", sw_version: version },
  };
  return { topic: `${root}/${component}/${device}/${object}/config`, text: JSON.stringify(config) };
}
