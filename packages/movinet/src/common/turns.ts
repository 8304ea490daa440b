import { SessionError } from "./errors.ts";
import { forgetLeak, watchLeak } from "./leaks.ts";

/**
 * The life of what must be disposed of, such as a session, a program or a file: its calls are carried out one after the other in the order in which they were
 * made, until it is disposed of, and with it the sessions that it opened.
 */
export class Turns {
  readonly subject: string;
  readonly #kind: string;
  /** Weak, like what a program knows of its sessions: one that nobody has any more is a leak to be told. */
  readonly #owner: WeakRef<object>;
  readonly #sessions = new Set<WeakRef<AsyncDisposable>>();
  #last: Promise<unknown> = Promise.resolve();
  #ended: Promise<void> | null = null;

  /** `kind` and `subject` name the owner in errors and in reports of leaks: the session `a0-stream`. */
  constructor(owner: object, kind: string, subject: string) {
    this.subject = subject;
    this.#kind = kind;
    this.#owner = new WeakRef(owner);
    watchLeak(owner, `${subject} (${kind})`);
  }

  get ended(): boolean {
    return this.#ended !== null;
  }

  /** Throws {@link SessionError} (`E_SESSION_DISPOSED`) after {@link Turns.end}. */
  check(): void {
    if (!this.#ended) return;
    throw new SessionError({
      code: "E_SESSION_DISPOSED",
      subject: this.subject,
      problem: `the ${this.#kind} was disposed of`,
      remedy: "Open a new one",
    });
  }

  /** Rejects as {@link Turns.check} throws. */
  async take<T>(work: () => T | Promise<T>): Promise<T> {
    this.check();
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** A session that is disposed of with its owner. */
  adopt<Session extends AsyncDisposable>(session: Session): Session {
    for (const known of this.#sessions) if (!known.deref()) this.#sessions.delete(known);
    this.#sessions.add(new WeakRef(session));
    return session;
  }

  /**
   * Refuses further calls, lets those that were made come to an end, disposes of the sessions, and then frees what the owner
   * holds: once, however often it is called.
   */
  end(free: () => unknown = () => {}): Promise<void> {
    const owner = this.#owner.deref();
    if (owner) forgetLeak(owner);
    this.#ended ??= this.#last.then(async () => {
      await Promise.all([...this.#sessions].map((session) => session.deref()?.[Symbol.asyncDispose]()));
      await free();
    });
    return this.#ended;
  }
}
