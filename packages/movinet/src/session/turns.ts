import { SessionError } from "../common/errors.ts";

/** The calls of a session, carried out one after the other in the order in which they were made. */
export class Turns {
  readonly subject: string;
  #last: Promise<unknown> = Promise.resolve();
  #ended = false;

  /** `subject` names the session in errors. */
  constructor(subject: string) {
    this.subject = subject;
  }

  /** Throws {@link SessionError} (`E_SESSION_DISPOSED`) after {@link Turns.end}. */
  take<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#ended) {
      throw new SessionError({
        code: "E_SESSION_DISPOSED",
        subject: this.subject,
        problem: "the session was disposed",
        remedy: "Open a new one",
      });
    }
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Lets the calls that were made come to an end, and refuses further ones. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#last;
  }
}
