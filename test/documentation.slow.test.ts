/**
 * Every command and every program of the documentation runs, page by page from top to bottom, on generated clips and models,
 * with a server of our own in the place of the zoo's hosts. What is not run is listed with its reason.
 */
import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandNames, findCommand } from "../apps/cli/src/commands.ts";
import { commandLine } from "../apps/cli/test/command-line.ts";
import { writeTinyModel } from "../apps/cli/test/tiny-model.ts";
import { startWorld, worldOf } from "../packages/movinet/test/zoo/real-hosts.ts";
import { file, type TestServer } from "../packages/movinet/test/zoo/server.ts";
import { type Page, readPage, root, wordsOf } from "./documentation/blocks.ts";
import { material, writeManifest } from "./documentation/material.ts";

/** Commands that are not run here, by their beginning, and why. */
const exceptions: readonly (readonly [RegExp, string])[] = [
  [/^npm (ci|i|test|start)\b/, "installs packages, or is the test suite; test/package installs what is packed"],
  [/^npm run /, "makes results that are committed, in minutes"],
  [/^node (packages|bench|scripts)\//, "belongs to the repository; trains or measures for minutes"],
  [
    /^(npx )?movinet .*(…|\[|\||\bDIR\b|\bMODEL\b|\bNAME\b|\bOUT$)/,
    "a synopsis: its command and options are looked up instead",
  ],
  [
    /^npx movinet dataset synth .* --clips 300\b/,
    "generates for a minute; the examples in the help generate fewer clips",
  ],
  [/ --base base-run\//, "takes the networks that hours of training have made"],
  [/^npx movinet watch (rtsp:|camera:)/, "needs cameras; packages/movinet/test/watch has real ones"],
  [/^npx movinet watch --config /, "needs the cameras of a file; apps/cli/test/watch has one"],
  [
    /^npx movinet convert movinet_a0_stream_int8\.tflite /,
    "takes Google's file; formats/tflite/kept-integers converts it",
  ],
  [/^npx movinet quantize /, "writes a file only of a model that was trained; apps/cli/test/quantize has one"],
  [/^npx movinet convert small\.tflite /, "takes what quantize has written; apps/cli/test/quantize converts it"],
  [/^npx movinet train --resume$/, "needs a run that was interrupted; apps/cli/test/resume has one"],
];

// The tutorial is left out here: test/tutorial runs it on clips that it generates itself.
/** Pages whose programs run in a browser; test/docs compiles them, and test/example-page runs one. */
const inBrowsers: ReadonlySet<string> = new Set(["docs/browsers.md"]);

const pages = [
  ...["README.md", "apps/cli/README.md", "packages/movinet/README.md"],
  ...globSync("docs/*.md", { cwd: root }).filter((path) => !/(reference|tutorial)\.md$/.test(path)),
]
  .sort()
  .map(readPage);

/** The examples in the help of every command, as one page. */
async function helpPage(): Promise<Page> {
  const commands = await Promise.all(commandNames().map((name) => findCommand(name.split(" ")).entry.load?.()));
  const lines = commands.flatMap((command) => command?.examples.map((example) => `npx movinet ${example}`) ?? []);
  return {
    path: "help",
    text: lines.join("\n"),
    steps: lines.map((code) => ({ kind: "command", code })),
  };
}

let top: string;
let world: TestServer;
beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), "movinet-documentation-"));
  world = await startWorld();
  for (const name of ["a0-stream", "a2-stream", "a2-base"] as const) {
    const path = join(top, `${name}.safetensors`);
    await writeTinyModel(path, ["clap", "wave"], name);
    world.paths.set(`mirror.example/models/${name}.safetensors`, file(new Uint8Array(await readFile(path))));
  }
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await rm(top, { recursive: true });
});

/** A folder with what a page names, but not what its own commands make before. */
async function folderFor({ path, text, steps }: Page): Promise<string> {
  const folder = join(top, path.replace(/\W/g, "-"));
  await mkdir(folder);
  await symlink(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  const trains = steps.some(({ code }) => /^npx movinet train clips\/?$/.test(code));
  for (const [name, make] of Object.entries(material)) {
    if (!text.includes(name) || (trains && name.startsWith("runs/") && path !== "help")) continue;
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await make(join(folder, name));
  }
  if (path === "help") await writeManifest(join(folder, "clips"));
  return folder;
}

const environment = () => ({ ...worldOf(world), MOVINET_MIRROR: "https://mirror.example/models", NO_COLOR: "1" });
const exceptionOf = (code: string) => exceptions.find(([pattern]) => pattern.test(code)) ?? null;

async function runCommand(folder: string, code: string): Promise<void> {
  const words = wordsOf(code);
  const args = words[0] === "npx" ? words.slice(2) : words.slice(1);
  expect(words[words[0] === "npx" ? 1 : 0], code).toBe("movinet");
  const { code: exit, stdout, stderr } = await commandLine(() => folder, environment).run(...args);
  expect(exit, `${code}\n${stderr}`).toBe(0);
  if (!args.includes("--out") && !code.includes(" -o ")) expect(stdout, code).not.toBe("");
}

async function runProgram(folder: string, name: string, code: string): Promise<void> {
  await writeFile(join(folder, name), code);
  const env = { ...process.env, ...environment(), MOVINET_CACHE: join(folder, "cache") };
  const outcome = await new Promise<{ failed: boolean; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [name], { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, stdout, stderr }),
    );
  });
  expect(outcome.failed, `${code}\n${outcome.stderr}`).toBe(false);
}

describe.each(
  [...pages.filter(({ steps }) => steps.length > 0), await helpPage()].map((page) => [page.path, page] as const),
)("%s", (path, page) => {
  let folder: string;
  beforeAll(async () => {
    folder = await folderFor(page);
  });
  const steps = page.steps.map(({ kind, code }, i) => ({ kind, code, i, name: code.split("\n")[0] as string }));
  test.each(steps)("$name", async ({ kind, code, i }) => {
    if (kind === "program") return inBrowsers.has(path) ? undefined : runProgram(folder, `program-${i}.ts`, code);
    return exceptionOf(code) === null ? runCommand(folder, code) : undefined;
  });
});

test("a synopsis names commands and options that exist", async () => {
  const lines = pages.flatMap(({ steps }) => steps.map(({ code }) => code));
  const synopses = lines.filter((code) => exceptionOf(code)?.[1].startsWith("a synopsis"));
  for (const code of synopses) {
    const words = code.replace(/^npx /, "").split(" ").slice(1);
    const name = commandNames().findLast((name) => `${words.join(" ")} `.startsWith(`${name} `)) ?? "";
    const command = await findCommand(name.split(" ")).entry.load?.();
    const known = Object.entries(command?.options ?? {}).flatMap(([key, { short }]) => [
      `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      `-${short}`,
    ]);
    const named = Array.from(code.matchAll(/(?<=[ [])--?[a-z][a-z-]*/g), ([option]) => option);
    expect(
      named.filter((option) => !known.includes(option)),
      code,
    ).toEqual([]);
  }
});

test("every exception is needed", async () => {
  const lines = [...pages, await helpPage()].flatMap(({ steps }) => steps.map(({ code }) => code));
  expect(exceptions.filter(([pattern]) => !lines.some((code) => pattern.test(code))).map(String)).toEqual([]);
});
