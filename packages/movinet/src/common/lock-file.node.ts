import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, open, rm, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { MovinetError, type Refuse } from "./errors.ts";
import { writeError } from "./write.node.ts";

/**
 * Milliseconds between attempts while another process is about to write or remove a lock, and the number of attempts.
 */
const [waitMs, mostLooks] = [20, 250];
/** Locks taken by this process; others with its process ID were left by an earlier process. */
const own = new Set<string>();

/** The owner of a lock. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** The full text of the lock, which is unique. */
  readonly text: string;
}

/** The outcome of an attempt to take a lock. */
export interface LockAnswer {
  /** The lock file. If this process has the lock, the caller must remove it. */
  readonly path: string;
  /** The process that has the lock instead; null: this process has it. */
  readonly holder: LockHolder | null;
}

/**
 * Takes `FILE.lock` for this process if it is free. A stale lock, whose process was killed before it could remove it,
 * is taken over; a lock from another host counts as live. Throws what `refuse` returns if the lock does not identify
 * its owner, and `E_OUTPUT_WRITE` if it cannot be written.
 */
export async function takeLock(file: string, refuse: Refuse): Promise<LockAnswer> {
  const path = `${file}.lock`;
  const odd = (lock: string, what: string) =>
    refuse(`its lock file ${lock} ${what}`, "If no other process is writing here, delete the lock file");
  try {
    for (let look = 0; look < mostLooks; look++) {
      if (look > 0) await sleep(waitMs);
      if (await place(path)) return { path, holder: null };
      const held = await readLock(path, odd);
      if (!held?.text.endsWith("\n")) continue;
      if (!/^[1-9]\d*\s/.test(held.text)) throw odd(path, "does not name the process that created it");
      if (isLive(held)) return { path, holder: held };
      await removeStale(path, held, odd);
    }
  } catch (error) {
    throw isSystemError(error) ? writeError(file, error) : error;
  }
  throw odd(path, "stays empty or keeps changing");
}

function isSystemError(error: unknown): boolean {
  return !(error instanceof MovinetError) && error instanceof Error && "syscall" in error;
}

type Odd = (lock: string, what: string) => Error;

/**
 * Creates a lock for this process; false if one exists. It is written under another name and then linked, so that
 * nobody sees an empty lock; on file systems without links, it is copied.
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

/** Null if it no longer exists. Throws what `odd` returns if it is not a lock file or cannot be read. */
async function readLock(lock: string, odd: Odd): Promise<LockHolder | null> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const input = await open(lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    if (error.code === "ELOOP" || error.code === "EMLINK") throw odd(lock, "is a symbolic link");
    throw odd(lock, `cannot be read (${error.code})`);
  });
  if (input === null) return null;
  try {
    if (!(await input.stat()).isFile()) throw odd(lock, "is not a regular file");
    const { buffer, bytesRead } = await input.read(Buffer.alloc(1000), 0, 1000, 0);
    const text = buffer.toString("utf8", 0, bytesRead);
    const [pid = "", host = hostname()] = text.trim().split(" ");
    return { pid: Number(pid), host, text };
  } finally {
    await input.close();
  }
}

/**
 * Removes a stale lock, unless another process is about to. Only the owner of `LOCK.old` may remove one, after
 * checking it again.
 */
async function removeStale(lock: string, { text }: LockHolder, odd: Odd): Promise<void> {
  const right = `${lock}.old`;
  if (!(await place(right))) {
    const other = await readLock(right, odd);
    if (other && !isLive(other)) throw odd(right, `was left behind by a process that no longer exists (${other.pid})`);
    return;
  }
  try {
    if ((await readLock(lock, odd))?.text === text) await unlink(lock);
  } finally {
    await rm(right, { force: true });
  }
}

/** Whether the process may still be running: on another host, or here. */
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
