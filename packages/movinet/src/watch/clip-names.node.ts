import { createHash } from "node:crypto";
import { join } from "node:path";

/** The path of an event's files, without their ending: no name leads out of the folder. */
export function clipPath(folder: string, camera: string, time: string, label: string): string {
  return join(folder, nameOf(camera), `${time.replaceAll(":", "-")}_${nameOf(label)}`);
}

/** A name that file systems take: letters, digits, `_` (also for spaces) and `-`. Any other character adds a hash. */
function nameOf(text: string): string {
  const name = text.toLowerCase().replace(/[^a-z0-9_-]+/g, "_");
  const isSame = text.length <= longest && !reserved.test(name) && [text, text.replaceAll(" ", "_")].includes(name);
  return isSame ? name : `${name.slice(0, longest)}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}`;
}

const longest = 60;
/** Names of devices on Windows. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)?$/;
