import { defineCommand } from "../command.ts";
import { columnsOf, painter, wrap } from "../tables/text.ts";
import { type Check, runChecks } from "./checks.ts";

const marks = { ok: ["green", "ok     "], warning: ["yellow", "warning"], failed: ["red", "FAILED "] } as const;

export const doctorCommand = defineCommand({
  name: "doctor",
  examples: ["doctor"],
  options: {},
  json: "Print one JSON object per check",
  async run(_, { terminal, signal }) {
    let hasFailed = false;
    for await (const check of runChecks(signal)) {
      hasFailed ||= check.state === "failed";
      if (terminal.json) terminal.result(JSON.stringify({ type: "check", ...check }));
      else for (const line of checkLines(check, columnsOf(terminal), terminal.color)) terminal.result(line);
    }
    return hasFailed ? 1 : 0;
  },
});

/** A check as lines of at most `width` columns, where its words allow it. */
function checkLines({ name, state, found, remedy }: Check, width: number, color: boolean): readonly string[] {
  const [style, mark] = marks[state];
  const indent = mark.length + 2;
  const text = `${name}: ${found}${/[.!?]$/.test(found) ? "" : "."}${remedy === null ? "" : ` ${remedy}.`}`;
  return wrap(text, width - indent).map((line, i) => {
    return i === 0 ? `${painter(color)(style, mark)}  ${line}` : " ".repeat(indent) + line;
  });
}
