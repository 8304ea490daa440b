import { bounded, printable } from "./printable.ts";
import { shownSource } from "./urls.ts";

/** The parts of every error of this library: the file or argument, what is wrong, and how to fix it. */
export interface ErrorDetails {
  /** A stable code that scripts may depend on, for example `E_VIDEO_NOT_FOUND`. */
  readonly code: string;
  /** The file, source or argument that the error is about, as the user gave it, without secrets in URLs. */
  readonly subject: string;
  /** What is wrong, without a final period. */
  readonly problem: string;
  /** How to fix it: one sentence without a final period. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/** Turns what a reader found into the caller's error: what is wrong, and how to fix it. */
export type Refuse = (problem: string, remedy: string, cause?: unknown) => Error;

type Parts = [subject: string, problem: string, remedy: string];

/** Characters per part of a message: paths and names may be megabytes long. */
const longestPart = 1000;

/**
 * The base class of all errors of this library. The message is one printable line, `subject: problem. remedy.`: no
 * control characters, no passwords from URLs, at most 1000 characters per part.
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

/** A source cannot be opened, contains no video, or cannot be decoded. Codes begin with `E_VIDEO_`. */
export class VideoError extends MovinetError {}

/** A model file, or its tensors, labels or sizes, is invalid. Codes begin with `E_MODEL_`. */
export class ModelError extends MovinetError {}

/** A session was used after it was disposed. Codes begin with `E_SESSION_`. */
export class SessionError extends MovinetError {}

/** A folder or manifest of clips is invalid, or a clip cannot be cached. Codes begin with `E_DATASET_`. */
export class DatasetError extends MovinetError {}

/** Training is not possible with these options, or cannot continue. Codes begin with `E_TRAIN_`. */
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
// Bundlers shorten class names.
for (const [name, Class] of Object.entries(ownClasses)) Object.defineProperty(Class.prototype, "name", { value: name });

/** An error as plain data: between threads and processes it would lose its class, code and remedy. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly code: string | null;
  /** Set for errors of this library. */
  readonly details: ErrorDetails | null;
}

/** What a thread or process sends back: a result, or an error instead. */
export type Answer<Result> = { readonly result: Result } | { readonly error: PlainError };

/** The outcome of work as an answer. Never throws. */
export async function answerOf<Result>(work: () => Result | Promise<Result>): Promise<Answer<Result>> {
  try {
    return { result: await work() };
  } catch (error) {
    return { error: plainError(error) };
  }
}

/** The result in an answer. Throws the error it carries, with its original class and details. */
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

/** The optional peers and their version ranges, as in package.json (a test compares them). */
export const peers = {
  "@expo-google-fonts/atkinson-hyperlegible": "^0.4.1",
  "@litertjs/core": "~2.5.3",
  "@resvg/resvg-js": "^2.6.2",
  koffi: "^3.3.4",
  mediabunny: "^1.61.0",
  "node-av": "^6.1.1",
  "onnxruntime-node": "^1.30.0",
  "onnxruntime-web": "^1.30.0",
} as const;

/**
 * The error for an optional peer that cannot be imported, with the command that installs it. The import itself must be
 * in a `try` block, because esbuild and webpack accept missing packages only there.
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
