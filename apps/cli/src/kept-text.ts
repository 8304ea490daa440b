import { readUserFile } from "movinet";

const mostBytes = 100_000_000;

/** The text of a file that a run of ours has left, such as its settings; null where it cannot be read. */
export async function keptText(path: string): Promise<string | null> {
  const refuse = (problem: string) => new Error(problem);
  const bytes = await readUserFile(path, { most: mostBytes, refuse }).catch(() => null);
  return bytes && new TextDecoder().decode(bytes);
}
