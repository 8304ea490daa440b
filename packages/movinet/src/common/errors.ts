import { bounded, printable } from "./printable.ts";
import { shownSource } from "./urls.ts";

/** What every error of this library tells: which file or argument, what is wrong, and the way out. */
export interface ErrorDetails {
  /** A stable code that scripts may depend on, for example `E_VIDEO_NOT_FOUND`. */
  readonly code: string;
  /** The file, source or argument that the error is about, as the user named it, without what is secret in a URL. */
  readonly subject: string;
  /** What is wrong, without a closing full stop. */
  readonly problem: string;
  /** What to do about it: one sentence without a closing full stop. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/** Makes the error of a caller from what a reader has found: what is wrong, and what to do. */
export type Refuse = (problem: string, remedy: string, cause?: unknown) => Error;

type Parts = [subject: string, problem: string, remedy: string];

/** Characters of each part of a message: paths and names may be megabytes. */
const longestPart = 1000;

/**
 * The base of all conditions that this library reports. Its message is `subject: problem. remedy.` on one line, fit to be
 * printed: no control characters, no passwords of URLs, each part of at most 1000 characters.
 */
export class MovinetError extends Error {
  readonly code: string;
  readonly subject: string;
  readonly problem: string;
  readonly remedy: string;

  constructor(details: ErrorDetails) {
    const [subject, problem, remedy] = [details.subject, details.problem, details.remedy].map(shownSource) as Parts;
    const { code, cause } = details;
    const part = (text: string) => printable(bounded(text.replace(/\s+/g, " "), longestPart));
    super(`${part(subject)}: ${part(problem)}. ${part(remedy)}.`, { cause });
    this.code = code;
    this.subject = subject;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** A source that cannot be opened, holds no video, or stops being decodable. Codes begin with `E_VIDEO_`. */
export class VideoError extends MovinetError {}

/** A model file, or the tensors, labels or sizes that belong to a model, are wrong. Codes begin with `E_MODEL_`. */
export class ModelError extends MovinetError {}

/** A session is used in a way that its state forbids. Codes begin with `E_SESSION_`. */
export class SessionError extends MovinetError {}

/** A folder or manifest of clips is wrong, or a clip of it cannot be kept. Codes begin with `E_DATASET_`. */
export class DatasetError extends MovinetError {}

/** A training cannot be done as it was asked for, or gone on with. Codes begin with `E_TRAIN_`. */
export class TrainError extends MovinetError {}

/** An optional peer package is missing; the remedy is the exact `npm i` line. Codes begin with `E_DEPENDENCY_`. */
export class DependencyError extends MovinetError {}

const ownClasses = {
  MovinetError,
  VideoError,
  ModelError,
  SessionError,
  DatasetError,
  DependencyError,
  TrainError,
} as const;
// Bundlers shorten the names of classes.
for (const [name, Class] of Object.entries(ownClasses)) Object.defineProperty(Class.prototype, "name", { value: name });

/** An error as plain data: between threads and processes it would lose its class, its code and its remedy. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly code: string | null;
  /** Of an error of ours. */
  readonly details: ErrorDetails | null;
}

/** What a thread or a process answers another: a result, or the error that came instead. */
export type Answer<Result> = { readonly result: Result } | { readonly error: PlainError };

/** The answer that work comes to. Never throws. */
export async function answerOf<Result>(work: () => Result | Promise<Result>): Promise<Answer<Result>> {
  try {
    return { result: await work() };
  } catch (error) {
    return { error: plainError(error) };
  }
}

/** The result of an answer. Throws the error that came instead, of its class and with all that it tells. */
export function resultOf<Result>(answer: Answer<Result>): Result {
  if ("error" in answer) throw reviveError(answer.error);
  return answer.result;
}

function plainError(thrown: unknown): PlainError {
  const error: Error & { readonly code?: unknown } = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { name, message, stack = null } = error;
  const code = typeof error.code === "string" ? error.code : null;
  if (!(error instanceof MovinetError)) return { name, message, stack, code, details: null };
  const { subject, problem, remedy } = error;
  return { name, message, stack, code, details: { code: error.code, subject, problem, remedy } };
}

function reviveError({ name, message, stack, code, details }: PlainError): Error {
  if (details) {
    const Class = Object.hasOwn(ownClasses, name) ? ownClasses[name as keyof typeof ownClasses] : MovinetError;
    return Object.assign(new Class(details), stack && { stack });
  }
  const BuiltIn = [TypeError, RangeError, SyntaxError].find((Class) => Class.name === name) ?? Error;
  const error = new BuiltIn(message);
  return Object.assign(error, { name }, code && { code }, stack && { stack });
}

/** The optional peers and their ranges, as in package.json (a test compares them). */
export const peers = {
  "@expo-google-fonts/atkinson-hyperlegible": "^0.4.1",
  "@litertjs/core": "~2.5.3",
  "@resvg/resvg-js": "^2.6.2",
  koffi: "^3.3.4",
  "node-av": "^6.1.1",
  "onnxruntime-node": "^1.30.0",
  "onnxruntime-web": "^1.30.0",
} as const;

/**
 * What an optional peer that could not be imported is refused with: the command that installs it. The import itself stands
 * in a `try` block wherever it is, for esbuild and webpack let only such a one pass where the package is not installed.
 */
export function missingPeer(name: keyof typeof peers, cause: unknown): DependencyError {
  const { code, message } = cause as Error & { readonly code?: string };
  const absent = /MODULE_NOT_FOUND$/.test(code ?? "") && message.includes(`'${name}`);
  return new DependencyError({
    code: "E_DEPENDENCY_MISSING",
    subject: name,
    problem: absent
      ? "this optional package is not installed"
      : `this optional package cannot be loaded (${message.split("\n")[0]})`,
    remedy: `Run npm i ${name}@${peers[name]} to install it`,
    cause,
  });
}
