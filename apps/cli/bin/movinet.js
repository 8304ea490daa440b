#!/usr/bin/env node

// Plain JavaScript that any Node parses: an old one must end with a clear line, not with a syntax error.
import { existsSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { keepCompiled } from "./compile-cache.js";

const inRepository = existsSync(new URL("../src/main.ts", import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (inRepository && major === 22 && minor < 18)) {
  console.error(
    `movinet: Node ${process.version} is too old. ${
      inRepository
        ? "Use Node 22.18 or newer, or run npm ci with npm 11, which brings the repository's own Node for npx movinet."
        : "Use Node 22 or newer."
    }`,
  );
  process.exit(2);
}
keepCompiled();
// Frames are short-lived garbage: a young generation of megabytes (V8's default grows to 32) keeps an hour's memory flat.
setFlagsFromString("--max-semi-space-size=8");
const { main } = await import(inRepository ? "../src/main.ts" : "../lib/main.js");
process.exitCode = await main(process.argv.slice(2));
