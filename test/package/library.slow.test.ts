/** The library as others get it: packed, installed into an empty project without optional peers. */
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { open } from "movinet";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { build } from "rolldown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { peers } from "../../packages/movinet/src/common/errors.ts";
import { packPackages } from "../../scripts/pack.ts";
import { install, installNodes, obstacle, run } from "./project.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** A function of each entry. */
const subpaths = {
  movinet: "open",
  "movinet/files": "openModel",
  "movinet/formats": "readModel",
  "movinet/graph": "buildGraph",
  "movinet/session": "openEngine",
  "movinet/train": "openDataset",
  "movinet/video": "openVideo",
  "movinet/watch": "watch",
};
const model = here("../../apps/cli/models/camera-motion.safetensors");
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

  const script = (version: string, code: string, condition = "node") =>
    run(nodes[version] as string, ["--input-type=module", `--conditions=${condition}`, "-e", code], project);

  test.each([0, 1])("publint has nothing to say (tarball %i)", async (index) => {
    const tarball = readFileSync(tarballs[index] as string);
    const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test("with all that it depends on it takes at most 2.2 MB", () => {
    const files = globSync("node_modules/**/*", { cwd: project }).map((file) => statSync(join(project, file)));
    const bytes = files.reduce((sum, facts) => sum + (facts.isFile() ? facts.size : 0), 0);
    console.log(`movinet and its dependencies: ${bytes} bytes`);
    expect(bytes).toBeGreaterThan(1e6);
    expect(bytes).toBeLessThanOrEqual(2.2e6);
  });

  test("npx movinet, where only the library is, says in one line where the command line is", async () => {
    const { execFileSync } = await import("node:child_process");
    const options = { cwd: project, encoding: "utf8", stdio: "pipe", shell: process.platform === "win32" } as const;
    try {
      execFileSync("npx", ["--no-install", "movinet", "classify", "a clip.mp4"], options);
      expect.unreachable();
    } catch (error) {
      const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
      expect({ status, stdout, stderr }).toEqual({
        status: 2,
        stdout: "",
        stderr:
          "movinet: the command line is a separate package. Run npx @movinet/cli classify 'a clip.mp4', or npm i -g @movinet/cli.\n",
      });
    }
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
    expect(Object.keys(analysis.entrypoints).sort()).toEqual(
      Object.keys(subpaths).map((subpath) => subpath.replace("movinet", ".")),
    );
  });

  test("strict consumers compile, with the declarations of the package checked too", async () => {
    writeFileSync(
      join(project, "node.ts"),
      `import { type Classification, open, type StreamState } from "movinet";
       import { openModel } from "movinet/files";
       export async function best(file: string, signal: AbortSignal): Promise<string[]> {
         const names: string[] = [];
         await using recognizer = await open(await openModel("a0-stream", { signal }), { signal });
         for await (const { predictions } of recognizer.classify(file, { top: 1, signal })) {
           for (const { label } of predictions) names.push(label);
         }
         return names;
       }
       export type { Classification, StreamState };
       // @ts-expect-error: threads is a number
       await open("a0-stream", { threads: "two" });`,
    );
    writeFileSync(
      join(project, "web.ts"),
      `import { open } from "movinet";
       import { readModel } from "movinet/formats";
       import { openEngine, Program } from "movinet/session";
       export async function best(url: string, video: HTMLVideoElement): Promise<string | undefined> {
         const recognizer = await open(url, { device: "onnxruntime", wasmPaths: "/ort/" });
         return (await Array.fromAsync(recognizer.classify(video))).at(-1)?.predictions[0]?.label;
       }
       export async function program(bytes: Uint8Array): Promise<Program> {
         return Program.compile(readModel(bytes, "model"), await openEngine({ device: "wasm" }));
       }
       // @ts-expect-error: a browser opens no paths of videos
       (await open("/model")).classify("a.mp4");`,
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

    test("alone it classifies frames on our WebAssembly, and says how to get what is faster", async () => {
      const picture = {
        data: Uint8Array.from({ length: 3 * 64 * 48 }, (_, i) => (i * i) % 251),
        width: 64,
        height: 48,
      };
      const code = `const { open } = await import("movinet");
        const recognizer = await open(${JSON.stringify(model)});
        const data = Uint8Array.from({ length: 3 * 64 * 48 }, (_, i) => (i * i) % 251);
        const { scores } = await (await recognizer.stream()).step({ data, width: 64, height: 48 });
        console.log(JSON.stringify([recognizer.warnings, [...scores]]));
        await recognizer.close();`;
      const { code: status, stdout, stderr } = await script(version, code);
      expect([status, stderr]).toEqual([0, ""]);
      const [warnings, scores] = JSON.parse(stdout) as [readonly string[], readonly number[]];
      expect(warnings).toEqual([
        `running on the built-in WebAssembly engine, which is slower than onnxruntime-node (this optional package is not installed). Run npm i onnxruntime-node@${peers["onnxruntime-node"]} to install it`,
      ]);
      await using recognizer = await open(model);
      const expected = (await (await recognizer.stream()).step(picture)).scores;
      expect(scores).toHaveLength(10);
      for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(expected[i] as number, 5);
    });

    test.each([
      ["onnxruntime-node", "node", 'await openEngine({ device: "cpu" })'],
      ["onnxruntime-web", "browser", 'await openEngine({ device: "onnxruntime" })'],
      ["@litertjs/core", "node", 'await openEngine({ device: "litert" })'],
      ["@litertjs/core", "browser", 'await openEngine({ device: "litert", wasmPaths: "/" })'],
      ["node-av", "node", 'openVideo("a.mp4", { fps: 5 })'],
      [
        "@resvg/resvg-js",
        "node",
        'await renderPlot({ title: "", subtitle: "", points: [{ time: 0, scores: Float32Array.of(1) }], labels: null }, "png")',
      ],
    ] as const)("without %s, the error under the condition %s is one line with the command", async (...row) => {
      const [peer, condition, call] = row;
      const code = `const { openEngine } = await import("movinet/session");
        const { openVideo, renderPlot } = await import("movinet/video");
        try { ${call} } catch (error) { console.log(error.code + " " + error.message) }`;
      expect(await script(version, code, condition)).toEqual({
        code: 0,
        stdout: `E_DEPENDENCY_MISSING ${peer}: this optional package is not installed. Run npm i ${peer}@${peers[peer]} to install it.\n`,
        stderr: "",
      });
    });
  });

  /**
   * Minified and gzipped bytes, without onnxruntime-web and LiteRT.js: what a page loads at once; with our WebAssembly too, which computes
   * unless another engine is asked for; and all, with the other engines, kernels for browsers without relaxed SIMD, the zoo and class
   * names. 42,019, 60,669 and 137,259 when last set: of the last, video files take 14 kB, the check of engines 3.
   */
  test.each([
    ["what it exports", "*", [43_000, 62_000, 145_000]],
    ["open", "{ open }", [41_000, 60_000, 144_000]],
  ] as const)("in a browser %s stays small, and asks for no eval", async (_, names, limits) => {
    writeFileSync(join(project, "entry.js"), `export ${names} from "movinet";\n`);
    const { output } = await build({
      cwd: project,
      input: "entry.js",
      platform: "browser",
      external: [/^onnxruntime-web/, /^@litertjs/],
      output: { minify: true },
      write: false,
      logLevel: "silent",
    });
    const chunks = output.flatMap((file) => (file.type === "chunk" ? [file] : []));
    const withImports = (some: typeof chunks) => {
      const loaded = new Set(some);
      for (const { imports } of loaded) {
        for (const chunk of chunks) if (imports.includes(chunk.fileName)) loaded.add(chunk);
      }
      return [...loaded];
    };
    const atOnce = chunks.filter(({ isEntry }) => isEntry);
    const computing = chunks.filter(({ name }) => ["engine", "kernels-relaxed"].includes(name));
    expect(computing).toHaveLength(2);
    const sizeOf = (codes: readonly string[]) => gzipSync(codes.join("\n"), { level: 9 }).length;
    const sizes = chunks.map(({ fileName, code }) => `${fileName} ${sizeOf([code])}`);
    const parts = [withImports(atOnce), withImports([...atOnce, ...computing]), chunks];
    const totals = parts.map((some) => sizeOf(some.map(({ code }) => code)));
    console.log(`export ${names}: ${totals.join(", ")} bytes gzipped (${sizes.join(", ")})`);
    const code = chunks.map((chunk) => chunk.code).join("\n");
    expect(code.includes("onnxruntime-web/wasm")).toBe(true);
    expect(/["'`]node:|\beval\(|new Function/.test(code)).toBe(false);
    for (const [i, total] of totals.entries()) expect(total).toBeLessThan(limits[i] as number);
  });
});
