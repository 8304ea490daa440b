/** What `npm run release:check` looks at, and what a published package says of itself. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkFiles, type Manifest, publicManifest, repository } from "../scripts/release.ts";

const folder = "apps/cli";
const manifest = () =>
  JSON.parse(readFileSync(new URL(`../${folder}/package.json`, import.meta.url), "utf8")) as Manifest;

test("every place that names the version names the same one", () => {
  const [check] = checkFiles().filter(({ what }) => what.startsWith("every version"));
  expect(check).toEqual({ what: `every version is ${manifest().version}`, problem: null });
});

test("without a public address nothing can be published", () => {
  expect(publicManifest(manifest(), folder, null)).toMatchObject({ name: "@movinet/cli", private: true });
  expect(checkFiles(null)[0]?.problem).toBe("set `repository` in scripts/release.ts to owner/name");
  expect(repository ?? "owner/name").toMatch(/^[\w-]+\/[\w.-]+$/);
});

test("with one, a package says where it comes from", () => {
  const packed = publicManifest(manifest(), folder, "owner/name");
  expect(packed).not.toHaveProperty("private");
  expect(packed).toMatchObject({
    license: "Apache-2.0",
    homepage: "https://github.com/owner/name#readme",
    bugs: "https://github.com/owner/name/issues",
    repository: { type: "git", url: "git+https://github.com/owner/name.git", directory: "apps/cli" },
    publishConfig: { access: "public", provenance: true },
  });
  expect(checkFiles("owner/name")[0]?.problem).toBeNull();
});
