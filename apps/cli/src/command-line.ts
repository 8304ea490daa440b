/** The command as it would be typed, for reports. */
export function commandLine(): string {
  return ["movinet", ...process.argv.slice(2).map(quoted)].join(" ");
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
