import { takeLock } from "movinet/files";
import { UsageError } from "../usage.ts";

/**
 * Takes `FILE.lock` for this process and returns its path; removing it is the caller's. Throws a usage error where another run
 * holds it, or where the lock does not say who does.
 */
export async function lockFile(file: string): Promise<string> {
  const refuse = (problem: string, remedy: string) => new UsageError(file, problem, remedy);
  const { path, holder } = await takeLock(file, refuse);
  if (holder === null) return path;
  throw refuse(
    `another run is writing it (process ${holder.pid} on ${holder.host})`,
    `Wait for it to end, or remove ${path} if it is no longer running`,
  );
}
