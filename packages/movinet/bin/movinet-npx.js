#!/usr/bin/env node

// What `npx movinet` runs where only the library is there. It has a name of its own, so that `movinet` is the command line's alone:
// two packages with one command cannot both be installed globally.
let commandLine = null;
try {
  commandLine = import.meta.resolve("@movinet/cli/bin/movinet.js");
} catch {
  const args = process.argv.slice(2).map((text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text}'`));
  const command = ["npx @movinet/cli", ...args].join(" ");
  console.error(`movinet: the command line is a package of its own. Run ${command}, or npm i -g @movinet/cli.`);
  process.exitCode = 2;
}
if (commandLine !== null) await import(commandLine);
