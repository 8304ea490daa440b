/** What is said of third parties is what is installed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getFFmpegInfo } from "node-av/lib";
import { expect, test } from "vitest";
import { buildNotices, findDependencies, noticesFile } from "../scripts/notices.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

test("the notices are up to date (else: npm run notices)", () => {
  expect(readFileSync(join(root, noticesFile), "utf8")).toBe(buildNotices());
});

test("no package says that it is under a licence that nobody has looked at", () => {
  const known = ["0BSD", "Apache-2.0", "BSD-3-Clause", "BlueOak-1.0.0", "ISC", "MIT", "MPL-2.0", "Unlicense"];
  const others = findDependencies().filter(({ licence }) => !known.includes(licence ?? ""));
  expect(others.map(({ name, licence }) => `${name}: ${licence}`)).toEqual([
    "@expo-google-fonts/atkinson-hyperlegible: MIT AND OFL-1.1",
    "@shinyoshiaki/jspack: null",
    "type-fest: (MIT OR CC0-1.0)",
  ]);
});

test("the page on licences says how FFmpeg was built", () => {
  const { configuration } = getFFmpegInfo();
  const flags = ["gpl", "version3", "libfdk-aac", "libx264", "libx265", "nonfree"];
  const built = flags.filter((flag) => configuration.split(" ").includes(`--enable-${flag}`));
  expect(built).toEqual(flags.slice(0, -1));
  const page = readFileSync(join(root, "docs/licences.md"), "utf8");
  for (const flag of built) expect(page).toContain(`--enable-${flag}`);
});
