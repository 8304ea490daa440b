#!/usr/bin/env node

// Runs for `npx movinet` if only the library is installed. It has a different name, so that `movinet` belongs to the command line:
// two packages with the same command cannot both be installed globally.
let commandLine = null;
try {
  commandLine = import.meta.resolve("@movinet/cli/bin/movinet.js");
} catch {
  const args = process.argv.slice(2).map((text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text}'`));
  const command = ["npx @movinet/cli", ...args].join(" ");
  console.error(`movinet: the command line is a separate package. Run ${command}, or npm i -g @movinet/cli.`);
  process.exitCode = 2;
}
if (commandLine !== null) await import(commandLine);
