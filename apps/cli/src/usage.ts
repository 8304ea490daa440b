import { bounded, printable, shownSource } from "movinet";

/** Wrong usage of the command line: told in one line, exit code 2. */
export class UsageError extends Error {
  constructor(argument: string, problem: string, remedy: string) {
    const part = (text: string) => printable(bounded(shownSource(text), 1000));
    super(`${part(argument)}: ${part(problem)}. ${part(remedy)}.`);
    this.name = "UsageError";
  }
}

/** A whole number from `least` to `most` given as an option. */
export function parseCount(name: string, value: string, least = 1, most = Infinity): number {
  const number = Number(value);
  if (value.trim() === "" || !Number.isInteger(number) || number < least) {
    const problem = `${JSON.stringify(value)} is no whole number of at least ${least}`;
    throw new UsageError(`--${name}`, problem, `Give --${name} a number`);
  }
  return atMost(name, value, number, most);
}

function atMost(name: string, value: string, number: number, most: number): number {
  if (number <= most) return number;
  throw new UsageError(`--${name}`, `${value} is more than ${most}, which is the most`, "Give a smaller number");
}

/** Threads of a network or a training: more than any machine has are a mistake. */
export function parseThreads(value: string): number {
  return parseCount("threads", value, 1, 1024);
}

/** One of a few words given as an option. */
export function parseChoice<const T extends string>(name: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((one) => one === value);
  if (choice !== undefined) return choice;
  throw new UsageError(`--${name}`, `${JSON.stringify(value)} is none of ${choices.join(", ")}`, "Use one of them");
}

/** A positive number of at most `most` given as an option. */
export function parsePositive(name: string, value: string, most = Infinity): number {
  const number = Number(value);
  if (value.trim() === "" || !Number.isFinite(number) || number <= 0) {
    const problem = `${JSON.stringify(value)} is no positive number`;
    throw new UsageError(`--${name}`, problem, `Give --${name} a number above 0`);
  }
  return atMost(name, value, number, most);
}
