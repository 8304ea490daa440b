/** TypeScript from 5.4 on: the packed declarations are checked too, and browsers need no condition. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../../packages/movinet/package.json" with { type: "json" };
import { run } from "./environment.ts";
import { obstacle, openWorkplace, tools, type Workplace } from "./javascript.ts";

const versions = ["5.4.5", "5.9.3"] as const;
const pins = [...versions.map((version) => `typescript-${version}@npm:typescript@${version}`), "@types/node@22.20.5"];
const entries = Object.keys(manifest.exports).map((path) => path.replace(/^\./, "movinet"));
const guide = readFileSync(new URL("../../docs/browsers.md", import.meta.url), "utf8");

const programs = {
  /** Everything, with Node's types. */
  node: `
    import { open, type VideoSource } from "movinet";
    import { openEngine, Program, type SessionSource } from "movinet/session";
    ${entries.map((entry, i) => `import * as entry${i} from "${entry}";`).join("\n")}
    export const all = [${entries.map((_, i) => `entry${i}`).join()}];

    export async function programOf(model: entry0.Model, apart: boolean): Promise<SessionSource & AsyncDisposable> {
      return Program.compile(model, await openEngine({ background: apart }));
    }
    export async function lastOf(source: VideoSource): Promise<string | undefined> {
      const recognizer = await open("a0-stream", { labels: "kinetics-600" });
      let last: string | undefined;
      for await (const { predictions } of recognizer.classify(source)) last = predictions[0]?.label;
      return last;
    }`,
  /** The guide to browsers, and the entries that need no Node, with the DOM's types and an older ECMAScript. */
  browser: [
    Array.from(guide.matchAll(/^```ts\n(import [\s\S]*?)^```$/gm), ([, block = ""]) => block)[0] ?? "",
    ...["session", "formats", "graph"].map((entry) => `export * as ${entry} from "movinet/${entry}";`),
  ].join("\n"),
} as const;
const settings = {
  node: { lib: ["es2023"], types: ["node"] },
  browser: { lib: ["es2022", "dom"], types: [] },
} as const;

describe.skipIf(obstacle !== "")(`TypeScript${obstacle}`, () => {
  let workplace: Workplace;
  let tool: (path: string) => string;
  const project = (name: string) => join(workplace.folder, name);

  beforeAll(async () => {
    workplace = await openWorkplace();
    tool = await tools("types", pins);
    await workplace.project("browser", ["npm i movinet"]);
    cpSync(project("browser"), project("node"), { recursive: true });
    mkdirSync(join(project("node"), "node_modules/@types"));
    for (const name of ["@types/node", "undici-types"]) {
      cpSync(tool(name), join(project("node"), "node_modules", name), { recursive: true });
    }
    for (const [name, program] of Object.entries(programs)) writeFileSync(join(project(name), "main.ts"), program);
  });
  afterAll(() => workplace?.close());

  const compilers = [...versions, "7"] as const;
  describe.each(["node", "browser"] as const)("a program for %s", (name) => {
    test.each(compilers)("TypeScript %s", async (version) => {
      const folder =
        version === "7"
          ? fileURLToPath(new URL("../../node_modules/typescript", import.meta.url))
          : tool(`typescript-${version}`);
      for (const moduleResolution of ["nodenext", "bundler"] as const) {
        const compilerOptions = {
          ...settings[name],
          ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
          ...{ target: "es2022", module: moduleResolution === "bundler" ? "esnext" : "nodenext", moduleResolution },
          noEmit: true,
        };
        const file = join(project(name), "tsconfig.json");
        writeFileSync(file, JSON.stringify({ compilerOptions, files: ["main.ts"] }));
        const { stdout } = await run(process.execPath, [join(folder, "bin/tsc"), "-p", file]);
        expect(stdout, moduleResolution).toBe("");
      }
    });
  });
});
