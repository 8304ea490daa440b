/** Help as text, from what a command declares of itself. */
import { isNamed, placesOf, placeText, usageLine } from "./arguments.ts";
import { dashed, type Option, type Options } from "./options.ts";
import { painter, wrap } from "./tables/text.ts";

/** Cells of the left column, at most, as a share of all; a longer entry has its text below it. */
const mostLeft = 1 / 3;
const otherOptions = "Options";

export interface HelpStyle {
  /** Columns that no line passes, where its words allow it. */
  readonly width: number;
  readonly color: boolean;
}

/** A section of the help: names, each with its text. */
interface Section {
  readonly title: string;
  readonly rows: readonly (readonly [string, string])[];
}

/** The help of a command. */
export function commandHelp(
  {
    name,
    description,
    options,
    examples,
  }: {
    readonly name: string;
    readonly description: string;
    readonly options: Options;
    readonly examples: readonly string[];
  },
  style: HelpStyle,
): string {
  const named = Object.entries(options).filter(([, option]) => isNamed(option));
  const groups = Map.groupBy(named, ([, { group }]) => group ?? otherOptions);
  const last = groups.get(otherOptions) ?? [];
  groups.delete(otherOptions);
  const sections: Section[] = [
    { title: "Arguments", rows: placesOf(options).map(([key, option]) => [placeText(key, option), described(option)]) },
    ...Array.from(groups, ([title, entries]) => ({ title, rows: entries.map(optionRow) })),
    {
      title: groups.size > 0 ? "Other options" : otherOptions,
      rows: [...last.map(optionRow), ["-h, --help", "Show this help"]],
    },
  ];
  const paint = painter(style.color);
  return [
    ...opening(description, usageLine(name, options), style),
    ...renderSections(sections, style),
    ["", paint("bold", "Examples:"), ...examples.map((example) => `  movinet ${example}`)].join("\n"),
  ].join("\n");
}

/** The help of the program, or of a command that has commands of its own. */
export function groupHelp(
  {
    name,
    description,
    commands,
    flags,
  }: {
    readonly name: string;
    readonly description: string;
    readonly commands: readonly (readonly [string, string])[];
    readonly flags: readonly (readonly [string, string])[];
  },
  style: HelpStyle,
): string {
  const sections = [
    { title: "Commands", rows: commands },
    { title: otherOptions, rows: flags },
  ];
  return [
    ...opening(description, `${name} COMMAND [options]`, style),
    ...renderSections(sections, style),
    "",
    ...wrap(`Run ${name} COMMAND --help for a command's options and examples.`, style.width),
  ].join("\n");
}

function opening(description: string, usage: string, { width, color }: HelpStyle): string[] {
  return [...wrap(`${description}.`, width), "", `${painter(color)("bold", "Usage:")} ${usage}`];
}

function optionRow([key, option]: readonly [string, Option<unknown>]): readonly [string, string] {
  const { kind, hint, short, negatable } = option;
  const flag = `${negatable ? "--[no-]" : "--"}${dashed(key)}`;
  const place = /^[a-z-]+$/.test(hint ?? "") ? hint?.toUpperCase() : (hint ?? dashed(key).toUpperCase());
  const value = kind === "value" ? ` ${place}` : "";
  return [`${short === undefined ? "    " : `-${short}, `}${flag}${value}`, described(option)];
}

function described({ description, usual }: Option<unknown>): string {
  return usual === undefined ? description : `${description} (default: ${usual})`;
}

/** Sections whose right columns are below each other. */
function renderSections(sections: readonly Section[], { width, color }: HelpStyle): string[] {
  const shown = sections.filter(({ rows }) => rows.length > 0);
  const lefts = shown.flatMap(({ rows }) => rows.map(([left]) => left.length));
  const most = Math.floor(width * mostLeft);
  const fitting = lefts.filter((length) => length <= most);
  const indent = 2 + Math.max(0, ...fitting) + 2;
  const render = ([left, right]: readonly [string, string]) => {
    const [first = "", ...more] = wrap(right, Math.max(20, width - indent));
    const head = left.length <= most ? [`  ${left}`.padEnd(indent) + first] : [`  ${left}`, " ".repeat(indent) + first];
    return [...head, ...more.map((line) => " ".repeat(indent) + line)];
  };
  return shown.flatMap(({ title, rows }) => ["", painter(color)("bold", `${title}:`), ...rows.flatMap(render)]);
}
