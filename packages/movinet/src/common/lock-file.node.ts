import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, open, rm, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { MovinetError, type Refuse } from "./errors.ts";
import { writeError } from "./write.node.ts";

/** Milliseconds between two looks at a lock that another process is about to write or remove, and how many there are. */
const [waitMs, mostLooks] = [20, 250];
/** Locks that this process has made: others with its number were left by an earlier process. */
const own = new Set<string>();

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** The whole lock, which no other one is like. */
  readonly text: string;
}

/** What came of asking for a lock. */
export interface LockAnswer {
  /** The lock's file. Where this process has got it, removing it is the caller's. */
  readonly path: string;
  /** Who has it instead; null: this process has it now. */
  readonly holder: LockHolder | null;
}

/**
 * Takes `FILE.lock` for this process, where nobody has it. A lock whose process has ended (killed, so that it could not remove
 * it) is taken over; one of another host is believed. Throws what `refuse` makes where the lock is nothing that tells who has
 * it, and `E_OUTPUT_WRITE` where it cannot be written.
 */
export async function takeLock(file: string, refuse: Refuse): Promise<LockAnswer> {
  const path = `${file}.lock`;
  const odd = (lock: string, what: string) =>
    refuse(`its lock ${lock} ${what}`, "Remove that if no other run writes it");
  try {
    for (let look = 0; look < mostLooks; look++) {
      if (look > 0) await sleep(waitMs);
      if (await place(path)) return { path, holder: null };
      const held = await readLock(path, odd);
      if (!held?.text.endsWith("\n")) continue;
      if (!/^[1-9]\d*\s/.test(held.text)) throw odd(path, "does not tell which process made it");
      if (isLive(held)) return { path, holder: held };
      await removeStale(path, held, odd);
    }
  } catch (error) {
    throw isSystemError(error) ? writeError(file, error) : error;
  }
  throw odd(path, "stays unwritten, or changes all the time");
}

function isSystemError(error: unknown): boolean {
  return !(error instanceof MovinetError) && error instanceof Error && "syscall" in error;
}

type Odd = (lock: string, what: string) => Error;

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

/** Null where there is none any more. Throws what `odd` makes where it is no lock, or cannot be read. */
async function readLock(lock: string, odd: Odd): Promise<LockHolder | null> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const input = await open(lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    if (error.code === "ELOOP" || error.code === "EMLINK") throw odd(lock, "is a symbolic link");
    throw odd(lock, `cannot be read (${error.code})`);
  });
  if (input === null) return null;
  try {
    if (!(await input.stat()).isFile()) throw odd(lock, "is no file");
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
async function removeStale(lock: string, { text }: LockHolder, odd: Odd): Promise<void> {
  const right = `${lock}.old`;
  if (!(await place(right))) {
    const other = await readLock(right, odd);
    if (other && !isLive(other)) throw odd(right, `was left behind by a process that is gone (${other.pid})`);
    return;
  }
  try {
    if ((await readLock(lock, odd))?.text === text) await unlink(lock);
  } finally {
    await rm(right, { force: true });
  }
}

/** Whether the process may still be there: one of another host, or one that runs here. */
function isLive({ pid, host, text }: LockHolder): boolean {
  if (host !== hostname()) return true;
  if (pid === process.pid) return own.has(text);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
