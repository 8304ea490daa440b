/** Phrases that read as translated and must not come back, in texts for users and in comments (AGENTS.md, Words). */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Files and folders to scan: sources and Markdown in them. */
const roots = [
  "packages/movinet/src",
  "packages/movinet/README.md",
  "packages/lab",
  "apps/cli/README.md",
  "examples",
  "scripts",
  "docs",
  "bench",
  "AGENTS.md",
  "CHANGELOG.md",
  "FEATURES.md",
  "SECURITY.md",
];

/** Generated from elsewhere, or a record of the past. */
const skipped = /^docs\/(decisions|command-line)\.md$|^bench\/results\/|\/kernels(-\w+)?\.ts$/;

const phrases: readonly RegExp[] = [
  /(?<!there )\bis no (whole|number|video|file|folder|name|text|model|tensor|manifest|dictionary|function|list|range|running|MoViNet|TFLite|ONNX)\b/,
  /\b(what|who|whoever|that) is no (video|model|file|text|tensor|manifest)\b/,
  /\b(its|their|the) ending is that of\b/,
  /\bthere to stay\b/,
  /\b[Tt]ell no\b/,
  /\btells? of\b/,
  /\bis told\b(?! to)/,
  /\bare told\b/,
  /\bto be told\b/,
  /\bno accuracy is told\b/i,
  /\bis said\b/,
  /\bwhat it says of\b/,
  /\bof no format\b/,
  /\bnobody (knows|names|has)\b/i,
  /\bcome to (their|its|the) end\b/,
  /\bstands? in the place of\b/,
  /\bdoes without\b/,
  /\btakes? \w+ along\b/,
  /\bgone on with\b/,
  /\bas it is to be\b/,
  /\bis to be known\b/,
  /\bfrom so many\b/,
  /\bso many (bytes|frames|streams|numbers|rows|clips|classes)\b/,
  /\ba (name|class|label) a line\b/,
  /\bone (name )?a line\b/,
  /\b(frames|pictures) a second\b/,
  /\bis cut off (before|in|at)\b/,
  /\bGive (a|the|an|one|it|another) (file|video|folder|model|URL|clip|list)\b/,
  /\bmay not be read\b/,
  /\bthere is no such\b/i,
  /\bin the midst of\b/,
  /\bmust not be asked\b/,
  /\bsurer than\b/,
  /\btaken at its word\b/,
  /\bfor it (is|has|knows|holds|begins)\b/,
  /\bof one's own\b/,
  /\bhas changed nothing\b/,
];

test("no phrase that reads as translated", () => {
  const files = roots
    .flatMap((path) => (/\.\w+$/.test(path) ? [path] : globSync(`${path}/**/*.{ts,md,html,mjs,js}`, { cwd: root })))
    .filter((path) => !skipped.test(path) && !path.includes("node_modules"));
  expect(files.length).toBeGreaterThan(300);
  const found = files.flatMap((path) =>
    readFileSync(join(root, path), "utf8")
      .split("\n")
      .flatMap((line, i) => {
        const phrase = phrases.find((one) => one.test(line));
        return phrase ? [`${path}:${i + 1}: ${line.trim()} (${phrase})`] : [];
      }),
  );
  expect(found).toEqual([]);
});
