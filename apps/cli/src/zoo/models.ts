import { formatBytes, ModelCache } from "movinet/files";
import { defineCommand } from "../command.ts";
import { columnsOf, tableLines, wrap } from "../tables/text.ts";

type Listing = Awaited<ReturnType<ModelCache["zoo"]>>[number];

export const modelsCommand = defineCommand({
  name: "models",
  examples: ["models"],
  options: {},
  json: "Print one line of JSON per model",
  async run(_, { terminal }) {
    const listings = await new ModelCache().zoo();
    if (terminal.json) for (const listing of listings) terminal.result(JSON.stringify({ type: "zoo", ...listing }));
    else terminal.result(renderListings(listings, columnsOf(terminal)));
    return 0;
  },
});

function renderListings(listings: readonly Listing[], columns: number): string {
  const head = ["name", "licence", "input", "fps", "top-1", "size", "cached"];
  const rows = listings.map(({ name, licence, input, fps, accuracy, bytes, cached }) => [
    name,
    licence,
    `${input.width}×${input.height}`,
    String(Number(fps.toFixed(2))),
    accuracy === null ? "" : `${(100 * accuracy.top1).toFixed(2)} %`,
    formatBytes(bytes),
    cached === null ? "" : "yes",
  ]);
  const note =
    "Top-1 on Kinetics-600, as published by their makers. A model is downloaded when you first use its name.";
  return [...tableLines(head, rows, 2), "", ...wrap(note, columns)].join("\n");
}
