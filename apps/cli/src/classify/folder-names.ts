/** Class names as names of folders, on any system. */
import { printable } from "movinet/files";

/** Where clips go whose best score is too low. */
export const unsure = "unsure";

/** Bytes of a name; file systems take 255. */
const mostBytes = 200;
const forbidden = /[<>:"/\\|?*\u{fffd}]/gu;
const devices = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;

/** A folder name for each class: all different, also without regard to case, and none of them `unsure`. */
export function folderNames(labels: readonly string[] | null, classes: number): readonly string[] {
  const taken = new Set([unsure]);
  return Array.from({ length: classes }, (_, index) => {
    const plain = folderName(labels?.[index] ?? "") || `class ${index}`;
    const name = taken.has(fold(plain)) ? `${plain} (${index})` : plain;
    taken.add(fold(name));
    return name;
  });
}

function folderName(label: string): string {
  const safe = printable(label)
    .replace(forbidden, "_")
    .trim()
    .replace(/^\./, "_")
    .replace(/[. ]+$/, "");
  return cut(devices.test(safe) ? `${safe}_` : safe);
}

function cut(name: string): string {
  let [text, bytes] = ["", 0];
  for (const letter of name) {
    bytes += Buffer.byteLength(letter);
    if (bytes > mostBytes) return text.trimEnd();
    text += letter;
  }
  return text;
}

function fold(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
