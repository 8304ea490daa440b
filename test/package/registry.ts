/** A registry that has our packed packages and everything that the real one has: lines of the documentation run as they are. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";

export interface Registry {
  /** What npm needs to know of it. */
  readonly env: Readonly<Record<string, string>>;
  close(): void;
}

export async function openRegistry(tarballs: readonly string[]): Promise<Registry> {
  const options = { encoding: "utf8", shell: process.platform === "win32" } as const;
  const real = execFileSync("npm", ["config", "get", "registry"], options).trim().replace(/\/?$/, "");
  const packages = tarballs.map((file) => {
    const manifest = JSON.parse(execFileSync("tar", ["xzOf", file, "package/package.json"], options)) as {
      readonly name: string;
      readonly version: string;
    };
    return { file, bytes: readFileSync(file), manifest };
  });
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/");
    const tarball = packages.find(({ file }) => path === `/${basename(file)}`);
    const asked = packages.find(({ manifest }) => path === `/${manifest.name}`);
    if (tarball) response.end(tarball.bytes);
    else if (asked) response.setHeader("content-type", "application/json").end(JSON.stringify(packumentOf(asked, url)));
    else response.writeHead(302, { location: real + request.url }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { npm_config_registry: `${url}/`, npm_config_replace_registry_host: "never", npm_config_audit: "false" };
  return { env: { ...env, npm_config_fund: "false", npm_config_prefer_offline: "true" }, close: () => server.close() };
}

interface Packed {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly manifest: { readonly name: string; readonly version: string };
}

/** What a registry tells of a package. */
function packumentOf({ file, bytes, manifest }: Packed, url: string): object {
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  const version = { ...manifest, dist: { tarball: `${url}/${basename(file)}`, integrity } };
  return {
    name: manifest.name,
    "dist-tags": { latest: manifest.version },
    versions: { [manifest.version]: version },
  };
}
