import { bounded, printable, shownSource } from "movinet";

/** Wrong usage of the command line: told in one line, exit code 2. */
export class UsageError extends Error {
  constructor(argument: string, problem: string, remedy: string) {
    const part = (text: string) => printable(bounded(shownSource(text), 1000));
    super(`${part(argument)}: ${part(problem)}. ${part(remedy)}.`);
    this.name = "UsageError";
  }
}

/** A whole number of at least `least` given as an option. */
export function parseCount(name: string, value: string, least = 1): number {
  const number = Number(value);
  if (value.trim() !== "" && Number.isInteger(number) && number >= least) return number;
  throw new UsageError(
    `--${name}`,
    `${JSON.stringify(value)} is no whole number of at least ${least}`,
    `Give --${name} a number`,
  );
}

/** One of a few words given as an option. */
export function parseChoice<const T extends string>(name: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((one) => one === value);
  if (choice !== undefined) return choice;
  throw new UsageError(`--${name}`, `${JSON.stringify(value)} is none of ${choices.join(", ")}`, "Use one of them");
}

/** A positive number given as an option. */
export function parsePositive(name: string, value: string): number {
  const number = Number(value);
  if (value.trim() !== "" && Number.isFinite(number) && number > 0) return number;
  throw new UsageError(
    `--${name}`,
    `${JSON.stringify(value)} is no positive number`,
    `Give --${name} a number above 0`,
  );
}
