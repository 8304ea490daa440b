/** What every error of this library tells: which file or argument, what is wrong, and the way out. */
export interface ErrorDetails {
  /** A stable code that scripts may depend on, for example `E_VIDEO_NOT_FOUND`. */
  readonly code: string;
  /** The file, source or argument that the error is about, as the user named it. */
  readonly subject: string;
  /** What is wrong, without a closing full stop. */
  readonly problem: string;
  /** What to do about it: one sentence without a closing full stop. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/** The base of all conditions that this library reports. Its message is `subject: problem. remedy.` on one line. */
export class MovinetError extends Error {
  readonly code: string;
  readonly subject: string;

  constructor({ code, subject, problem, remedy, cause }: ErrorDetails) {
    super(`${subject}: ${problem}. ${remedy}.`.replace(/\s+/g, " "), { cause });
    this.name = new.target.name;
    this.code = code;
    this.subject = subject;
  }
}

/** A source that cannot be opened, holds no video, or stops being decodable. Codes begin with `E_VIDEO_`. */
export class VideoError extends MovinetError {}

/** A model file, or the tensors, labels or sizes that belong to a model, are wrong. Codes begin with `E_MODEL_`. */
export class ModelError extends MovinetError {}

/** A session is used in a way that its state forbids. Codes begin with `E_SESSION_`. */
export class SessionError extends MovinetError {}

/** An optional peer package is missing; the remedy is the exact `npm i` line. Codes begin with `E_DEPENDENCY_`. */
export class DependencyError extends MovinetError {}

/** Imports an optional peer, or tells the user the command that installs it. */
export async function importPeer<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new DependencyError({
      code: "E_DEPENDENCY_MISSING",
      subject: name,
      problem: `the optional package ${name} cannot be loaded (${cause instanceof Error ? cause.message.split("\n")[0] : String(cause)})`,
      remedy: `Install it with: npm i ${name}`,
      cause,
    });
  }
}
