/** Fetches rows as the zoo's into a folder: `node pull-child.ts FOLDER ROWS`, where ROWS is JSON. Writes each file's path, a line each. */
import { pull } from "../../src/zoo/pull.ts";
import type { ZooModel } from "../../src/zoo/registry.ts";
import { nodeFetch } from "../../src/zoo/request.node.ts";
import { NodeStore } from "../../src/zoo/store.node.ts";

const [, , folder = "", rows = "[]"] = process.argv;
const store = new NodeStore(folder);
for (const row of JSON.parse(rows) as readonly ZooModel[]) {
  console.log(store.placeOf(await pull(row, { store, fetch: nodeFetch })));
}
