/** What `npm run release:check` looks at, and what a published package says of itself. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkFiles, type Manifest, publicManifest, repository } from "../scripts/release.ts";

const folder = "apps/cli";
const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const manifest = () => JSON.parse(read(`${folder}/package.json`)) as Manifest;

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

test("the README tells what each optional peer is for, and names no other package", () => {
  const { peerDependencies } = JSON.parse(read("packages/movinet/package.json")) as { peerDependencies: object };
  const [, table = ""] = /<!-- packages -->([\s\S]*?)<!-- \/packages -->/.exec(read("README.md")) ?? [];
  const names = Array.from(table.matchAll(/^\| (.*?) \|/gm), ([, cell = ""]) => cell.match(/`[^`]+`/g) ?? []).flat();
  const plain = names.map((name) => name.slice(1, -1));
  expect(plain.sort()).toEqual(Object.keys(peerDependencies).sort());
});
