import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, open, rm, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { writeError } from "movinet/files";
import { UsageError } from "../usage.ts";

/** Milliseconds between two looks at a lock that another process is about to write or remove, and how many there are. */
const [waitMs, mostLooks] = [20, 250];
/** Locks that this process has made: others with its number were left by an earlier process. */
const own = new Set<string>();

/**
 * Takes `FILE.lock` for this process and returns its path; removing it is the caller's. A lock whose process has ended
 * (killed, so that it could not remove it) is taken over; one of another host is believed. Throws a usage error where
 * another run holds it, or where the lock is nothing that tells who does.
 */
export async function lockFile(file: string): Promise<string> {
  const lock = `${file}.lock`;
  try {
    for (let look = 0; look < mostLooks; look++) {
      if (look > 0) await sleep(waitMs);
      if (await place(lock)) return lock;
      const held = await readLock(file, lock);
      if (!held?.text.endsWith("\n")) continue;
      if (!/^[1-9]\d*\s/.test(held.text)) throw odd(file, lock, "does not tell which process made it");
      if (isLive(held)) throw inUse(file, lock, held);
      await removeStale(file, lock, held);
    }
  } catch (error) {
    throw error instanceof UsageError ? error : writeError(file, error);
  }
  throw odd(file, lock, "stays unwritten, or changes all the time");
}

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** The whole lock, which no other one is like. */
  readonly text: string;
}

/**
 * Makes a lock of this process; false where there is something already. It is written aside and then linked to its name, so
 * that nobody sees a lock that is still empty; where a disk has no links, it is copied there.
 */
async function place(lock: string): Promise<boolean> {
  const text = `${process.pid} ${hostname()} ${randomUUID()}\n`;
  const aside = `${lock}.${randomUUID()}`;
  try {
    await writeFile(aside, text, { flag: "wx" });
    await link(aside, lock).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") throw error;
      return copyFile(aside, lock, constants.COPYFILE_EXCL);
    });
    own.add(text);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/** Null where there is none any more. Throws a usage error where it is no lock, or cannot be read. */
async function readLock(file: string, lock: string): Promise<Holder | null> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const input = await open(lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    if (error.code === "ELOOP" || error.code === "EMLINK") throw odd(file, lock, "is a symbolic link");
    throw odd(file, lock, `cannot be read (${error.code})`);
  });
  if (input === null) return null;
  try {
    if (!(await input.stat()).isFile()) throw odd(file, lock, "is no file");
    const { buffer, bytesRead } = await input.read(Buffer.alloc(1000), 0, 1000, 0);
    const text = buffer.toString("utf8", 0, bytesRead);
    const [pid = "", host = hostname()] = text.trim().split(" ");
    return { pid: Number(pid), host, text };
  } finally {
    await input.close();
  }
}

/**
 * Removes a lock whose process has ended, unless another process is about to. Only who holds `LOCK.old` may remove one, and
 * looks at it again before.
 */
async function removeStale(file: string, lock: string, { text }: Holder): Promise<void> {
  const right = `${lock}.old`;
  if (!(await place(right))) {
    const other = await readLock(file, right);
    if (other && !isLive(other)) throw inUse(file, right, other);
    return;
  }
  try {
    if ((await readLock(file, lock))?.text === text) await unlink(lock);
  } finally {
    await rm(right, { force: true });
  }
}

function odd(file: string, lock: string, what: string): UsageError {
  return new UsageError(file, `its lock ${lock} ${what}`, "Remove that if no other run writes it");
}

function inUse(file: string, lock: string, { pid, host }: Holder): UsageError {
  return new UsageError(
    file,
    `another run writes it (process ${pid} on ${host})`,
    `Wait for it, or remove ${lock} if there is no such run`,
  );
}

/** Whether the process may still be there: one of another host, or one that runs here. */
function isLive({ pid, host, text }: Holder): boolean {
  if (host !== hostname()) return true;
  if (pid === process.pid) return own.has(text);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
