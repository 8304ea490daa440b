import type { WatchSource } from "movinet/watch";
import {
  choice,
  count,
  deviceOption,
  fitOption,
  flag,
  group,
  labelsText,
  modelText,
  mustBe,
  otherwise,
  parsed,
  positive,
  readPositive,
  rest,
  short,
  text,
  threads,
} from "../options.ts";
import { eventOptions } from "./event-options.ts";
import { regionOf } from "./region.ts";

export const watchOptions = {
  source: rest("rtsp:// or http(s):// URLs, camera:0, - for standard input, or files with --realtime"),
  ...group("Model", {
    model: short("m", otherwise("a0-stream", text(modelText))),
    labels: otherwise("the model's own", text(labelsText, "file")),
    fit: fitOption,
    fps: otherwise("as in training", positive("Frames per second to look at", 1000)),
    fullRate: flag(
      "Look at every frame: sessions take turns, each at the model's rate, and their answers are averaged",
    ),
    halfLife: otherwise("1", parsed("Seconds after which a frame counts half; none: never", readHalfLife, "X")),
  }),
  ...group("Source", {
    config: eventOptions.config,
    region: otherwise(
      "the whole picture",
      parsed("Part to look at, in fractions of the picture", readRegion, "x,y,w,h"),
    ),
    transport: otherwise("tcp", choice("How RTSP sends the video", ["tcp", "udp"])),
    realtime: flag("Play files and standard input at their own pace, as if they were live"),
    onLate: otherwise("drop", choice("Frames that come too fast: drop all but the newest, or wait", ["drop", "wait"])),
    state: text("Save the network's state here at the end, and continue from it within 30 s", "folder"),
    duration: otherwise("until Ctrl-C", positive("Seconds to watch")),
  }),
  ...group("Output", {
    top: otherwise("5", count("Predictions to show")),
    out: eventOptions.out,
    clips: eventOptions.clips,
    webhook: eventOptions.webhook,
    mqtt: eventOptions.mqtt,
  }),
  ...group("Performance", {
    device: deviceOption,
    threads: otherwise("1", threads("Threads of the network")),
  }),
};

function readHalfLife(text: string, name: string): number {
  return text === "none" ? Infinity : readPositive(text, name);
}

/** Four fractions of the picture. */
function readRegion(text: string, name: string): NonNullable<WatchSource["region"]> {
  const region = regionOf(text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part))));
  if (region) return region;
  throw mustBe(name, "x,y,w,h within the picture, in fractions of it, such as 0.5,0,0.5,1 for its right half", text);
}
