import { SessionError } from "./errors.ts";
import { forgetLeak, watchLeak } from "./leaks.ts";

/**
 * The lifetime of a disposable object, such as a session, a program or a file. Its calls run one after another, in
 * order, until it is disposed, together with the sessions it opened.
 */
export class Turns {
  readonly subject: string;
  readonly #kind: string;
  /** Weak, as are a program's references to its sessions: an abandoned one is a leak to report. */
  readonly #owner: WeakRef<object>;
  readonly #sessions = new Set<WeakRef<AsyncDisposable>>();
  #last: Promise<unknown> = Promise.resolve();
  #ended: Promise<void> | null = null;

  /** `kind` and `subject` name the owner in errors and leak reports: the session `a0-stream`. */
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
      problem: `this ${this.#kind} has been disposed`,
      remedy: "Open a new one",
    });
  }

  /** Rejects if {@link Turns.check} throws. */
  async take<T>(work: () => T | Promise<T>): Promise<T> {
    this.check();
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Registers a session to be disposed with its owner. */
  adopt<Session extends AsyncDisposable>(session: Session): Session {
    for (const known of this.#sessions) if (!known.deref()) this.#sessions.delete(known);
    this.#sessions.add(new WeakRef(session));
    return session;
  }

  /**
   * Refuses new calls, waits for pending ones, disposes the sessions, and then frees the owner's resources. Calling it
   * again has no effect.
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
