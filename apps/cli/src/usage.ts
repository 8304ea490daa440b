import { MovinetError } from "movinet";

/** Wrong usage of the command line: told in one line, exit code 2. */
export class UsageError extends MovinetError {
  constructor(subject: string, problem: string, remedy: string) {
    super({ code: "E_USAGE", subject, problem, remedy });
  }
}
