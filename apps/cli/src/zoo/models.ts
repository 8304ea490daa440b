import { formatBytes, ModelCache } from "movinet/files";
import { defineCommand } from "../command.ts";
import { tableLines } from "../tables/text.ts";

type Listing = Awaited<ReturnType<ModelCache["zoo"]>>[number];

export const modelsCommand = defineCommand({
  name: "models",
  takes: "it takes no arguments",
  example: "models",
  options: {},
  json: "One JSON object a line on stdout for each model",
  async run(_, { terminal }) {
    const listings = await new ModelCache().zoo();
    if (terminal.json) for (const listing of listings) terminal.result(JSON.stringify({ type: "zoo", ...listing }));
    else terminal.result(renderListings(listings));
    return 0;
  },
});

function renderListings(listings: readonly Listing[]): string {
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
  const told =
    "Top-1 is what their makers published for Kinetics-600. movinet pull NAME fetches one; so does using its name.";
  return [...tableLines(head, rows, 2), "", told].join("\n");
}
