/**
 * Fetches rows as the zoo's into a folder: `node pull-child.ts FOLDER ROWS`, where ROWS is JSON. Writes each file's path, a line each. It is
 * less patient than the product.
 */
import { pull } from "../../src/zoo/pull.ts";
import type { ZooModel } from "../../src/zoo/registry.ts";
import { nodeFetch } from "../../src/zoo/request.node.ts";
import { NodeStore } from "../../src/zoo/store.node.ts";

const [, , folder = "", rows = "[]"] = process.argv;
const store = new NodeStore(folder);
const pace = { pauseMs: 20, windowMs: 1000, leastBytes: 10_000 };
for (const row of JSON.parse(rows) as readonly ZooModel[]) {
  console.log(store.placeOf(await pull(row, { store, fetch: nodeFetch, pace })));
}
