import { MovinetError } from "movinet";
import { bounded, printable, shownSource } from "movinet/files";

const longestPart = 1000;

/**
 * Wrong usage of the command line: one line, exit code 2. A file or a command comes before a colon; an option begins the
 * sentence: `--top must be an integer ≥ 1, got "x"`; with nothing before it the sentence is about the command line itself.
 */
export class UsageError extends MovinetError {
  constructor(subject: string, problem: string, remedy = "") {
    super({ code: "E_USAGE", subject, problem, remedy });
    const named = subject === "" ? "" : /^--?[a-z]/i.test(subject) ? `${subject} ` : `${subject}: `;
    this.message = [named + problem, remedy]
      .filter((part) => part !== "")
      .map(sentence)
      .join(" ");
  }
}

function sentence(text: string): string {
  const line = printable(bounded(shownSource(text).replace(/\s+/g, " "), longestPart));
  return /[.?…]$/.test(line) ? line : `${line}.`;
}
