/** The library as others get it: packed, installed into an empty project without optional peers. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { build } from "rolldown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { peers } from "../../packages/movinet/src/common/errors.ts";
import { packPackages } from "../../scripts/pack.ts";
import { install, installNodes, obstacle, run } from "./project.ts";

/** Minified and gzipped bytes of everything the browser entry exports, without onnxruntime-web and LiteRT.js; 63,140 when last set. */
const browserLimit = 66_000;

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const subpaths = { movinet: "Program", "movinet/web": "Program", "movinet/train": "openDataset" };
const nodeVersions = ["Node 22", "Node 24"] as const;

describe.skipIf(obstacle !== "")(`the packed library${obstacle}`, () => {
  let work: string;
  let project: string;
  let tarballs: readonly string[];
  let nodes: Readonly<Record<string, string>>;

  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), "movinet-package-"));
    project = join(work, "project");
    tarballs = packPackages(work);
    install(project, [tarballs[0] as string]);
    nodes = installNodes(join(work, "nodes"));
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  const script = (version: string, code: string) =>
    run(nodes[version] as string, ["--input-type=module", "-e", code], project);

  test.each([0, 1])("publint has nothing to say (tarball %i)", async (index) => {
    const tarball = readFileSync(tarballs[index] as string);
    const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test("types resolve by every way of finding modules that knows ESM", async () => {
    const analysis = await checkPackage(createPackageFromTarballData(readFileSync(tarballs[0] as string)));
    if (!analysis.types) throw new Error("the package has no types");
    const problems = analysis.problems.filter(
      (problem) =>
        !("resolutionKind" in problem && ["node10", "node16-cjs"].includes(problem.resolutionKind)) &&
        problem.kind !== "CJSResolvesToESM",
    );
    expect(problems).toEqual([]);
    expect(Object.keys(analysis.entrypoints).sort()).toEqual([".", "./make", "./web"]);
  });

  test("strict consumers compile, with the declarations of the package checked too", async () => {
    writeFileSync(
      join(project, "node.ts"),
      `import { type Classification, classify, type StreamState } from "movinet";
import { openModel } from "movinet/files";
       export async function best(file: string, signal: AbortSignal): Promise<string[]> {
         const names: string[] = [];
         const model = await openModel("a0-stream", { signal });
         for await (const { predictions } of classify(file, { model, top: 1, signal })) {
           for (const { label } of predictions) names.push(label);
         }
         return names;
       }
       export type { Classification, StreamState };
       // @ts-expect-error: top is a number
       classify("a.mp4", { top: "five" });`,
    );
    writeFileSync(
      join(project, "web.ts"),
      `import { webEngine } from "movinet";
import { readModel } from "movinet/formats";
import { Program } from "movinet/session";
       import { webEngine as same } from "movinet/web";
       export async function open(bytes: Uint8Array): Promise<Program> {
         return Program.compile(readModel(bytes, "model"), await webEngine());
       }
       export const equal: typeof same = webEngine;`,
    );
    const strict = {
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      lib: ["esnext"],
    };
    const configs = {
      node: { compilerOptions: { ...strict, module: "nodenext", types: ["node"] }, files: ["node.ts"] },
      web: {
        compilerOptions: {
          ...strict,
          module: "esnext",
          moduleResolution: "bundler",
          customConditions: ["browser"],
          lib: ["esnext", "dom"],
          types: [],
        },
        files: ["web.ts"],
      },
    };
    for (const name of ["@types/node", "undici-types"]) {
      cpSync(here(`../../node_modules/${name}`), join(project, "node_modules", name), { recursive: true });
    }
    for (const [name, config] of Object.entries(configs)) {
      writeFileSync(join(project, `${name}.json`), JSON.stringify(config));
      const tsc = here("../../node_modules/typescript/bin/tsc");
      expect(await run(process.execPath, [tsc, "-p", `${name}.json`], project)).toEqual({
        code: 0,
        stdout: "",
        stderr: "",
      });
    }
  });

  describe.each(nodeVersions)("%s", (version) => {
    test.each(Object.entries(subpaths))("imports %s in silence", async (subpath, name) => {
      const code = `const { ${name} } = await import("${subpath}"); console.log(process.version.slice(1, 3), typeof ${name})`;
      expect(await script(version, code)).toEqual({
        code: 0,
        stdout: `${version.slice(5)} function\n`,
        stderr: "",
      });
    });

    test.each([
      ["onnxruntime-node", "movinet", "await openEngine()"],
      ["onnxruntime-web", "movinet/web", "await webEngine()"],
      ["@litertjs/core", "movinet", "await litertEngine()"],
      ["@litertjs/core", "movinet/web", 'await litertEngine({ wasmPaths: "/" })'],
      ["node-av", "movinet", 'openVideo("a.mp4", { fps: 5 })'],
      [
        "vega",
        "movinet",
        'await renderPlot({ title: "", subtitle: "", points: [{ time: 0, scores: Float32Array.of(1) }], labels: null }, "svg")',
      ],
    ] as const)("without %s, the error is one line with the command", async (peer, subpath, call) => {
      const code = `import * as movinet from "${subpath}";
        const { openEngine, webEngine, litertEngine, openVideo, renderPlot } = movinet;
        try { ${call} } catch (error) { console.log(error.code + " " + error.message) }`;
      expect(await script(version, code)).toEqual({
        code: 0,
        stdout: `E_DEPENDENCY_MISSING ${peer}: this optional package is not installed. Run npm i ${peer}@${peers[peer]} to install it.\n`,
        stderr: "",
      });
    });
  });

  test(`the browser entry stays under ${browserLimit} bytes, and asks for no eval`, async () => {
    writeFileSync(join(project, "entry.js"), 'export * from "movinet";\n');
    const { output } = await build({
      cwd: project,
      input: "entry.js",
      platform: "browser",
      external: [/^onnxruntime-web/, /^@litertjs/],
      output: { minify: true },
      write: false,
      logLevel: "silent",
    });
    const code = output.map((file) => (file.type === "chunk" ? file.code : "")).join("\n");
    const bytes = gzipSync(code, { level: 9 }).length;
    console.log(`browser entry: ${code.length} bytes minified, ${bytes} gzipped`);
    expect(code.includes("onnxruntime-web/wasm")).toBe(true);
    expect(/["'`]node:|\beval\(|new Function/.test(code)).toBe(false);
    expect(bytes).toBeLessThan(browserLimit);
  });
});
