import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { writeError } from "movinet";
import { UsageError } from "../usage.ts";

/** A lock that is still empty after this long was left by a process that was killed between creating and writing it. */
const writingMs = 500;

/**
 * Takes `FILE.lock` for this process and returns its path; removing it is the caller's. A lock whose process has ended
 * (killed, so that it could not remove it) is taken over; one of another host is believed.
 */
export async function lockFile(file: string): Promise<string> {
  const lock = `${file}.lock`;
  let emptySince: number | null = null;
  for (;;) {
    try {
      writeFileSync(lock, `${process.pid} ${hostname()}\n`, { flag: "wx" });
      return lock;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw writeError(file, error);
    }
    const content = readLock(lock);
    if (content === null) continue;
    if (content === "") {
      emptySince ??= performance.now();
      if (performance.now() - emptySince < writingMs) {
        await sleep(20);
        continue;
      }
    }
    const [pid = "", host = hostname()] = content.trim().split(" ");
    if (host !== hostname() || (Number(pid) !== process.pid && isRunning(Number(pid)))) {
      throw new UsageError(
        file,
        `another run writes it (process ${pid} on ${host})`,
        `Wait for it, or remove ${lock} if there is no such run`,
      );
    }
    removeStale(file, lock, content);
  }
}

/** Null where there is none. */
function readLock(lock: string): string | null {
  try {
    return readFileSync(lock, "utf8");
  } catch {
    return null;
  }
}

/** Removes the lock that was read; one that another run has put in its place meanwhile goes back. */
function removeStale(file: string, lock: string, content: string): void {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (readLock(aside) === content) rmSync(aside);
    else renameSync(aside, lock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw writeError(file, error);
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
