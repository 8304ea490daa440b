import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { UsageError } from "../usage.ts";
import { writeError } from "../write-aside.ts";

/**
 * Takes `FILE.lock` for this process and returns its path; removing it is the caller's. A lock whose process has ended
 * (killed, so that it could not remove it) is taken over; one of another host is believed.
 */
export async function lockFile(file: string): Promise<string> {
  const lock = `${file}.lock`;
  for (;;) {
    try {
      await writeFile(lock, `${process.pid} ${hostname()}\n`, { flag: "wx" });
      return lock;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw writeError(file, error);
    }
    const [pid = "", host = hostname()] = (await readFile(lock, "utf8").catch(() => "")).trim().split(" ");
    if (host !== hostname() || (Number(pid) !== process.pid && isRunning(Number(pid)))) {
      throw new UsageError(
        file,
        `another run writes it (process ${pid} on ${host})`,
        `Wait for it, or remove ${lock} if there is no such run`,
      );
    }
    await rm(lock, { force: true });
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
