/** JSON of a file that anybody may have written: small and flat, or refused before memory is spent on it. */

/** Bytes of the JSON in a model file's metadata: room for 65,536 class names or for the digests of 300,000 clips. */
export const mostJsonBytes = 2 ** 24;
const mostDepth = 32;
const mostLists = 200_000;

/** Parses JSON. Throws an `Error` for what is none, is too long or too deep, or holds too many objects and lists. */
export function parseJson(text: string): unknown {
  if (text.length > mostJsonBytes) throw new Error(`it has more than ${mostJsonBytes} characters`);
  let [depth, lists] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === openList || code === openObject) {
      depth++;
      lists++;
      if (depth > mostDepth) throw new Error(`it is more than ${mostDepth} levels deep`);
      if (lists > mostLists) throw new Error(`it holds more than ${mostLists} objects and lists`);
    } else if (code === closeList || code === closeObject) depth--;
  }
  return JSON.parse(text);
}

const [quote, backslash, openList, closeList, openObject, closeObject] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return at;
}
