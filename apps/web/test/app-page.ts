/** The built app, served from a sub-folder on loopback, in Debian's Chromium. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, preview } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));

export interface ServedApp {
  readonly url: string;
  close(): Promise<void>;
}

/** Builds the app and serves it as any static server would, with the headers that `npm run web` sends. */
export async function serveApp(): Promise<ServedApp> {
  const outDir = await mkdtemp(join(tmpdir(), "movinet-web-"));
  const remove = () => rm(outDir, { recursive: true, force: true });
  try {
    await build({ root, logLevel: "error", build: { outDir, emptyOutDir: true } });
    const server = await preview({
      root,
      base: "/some/folder/",
      logLevel: "error",
      build: { outDir },
      preview: { port: 0, host: "127.0.0.1" },
    });
    const [url = ""] = server.resolvedUrls?.local ?? [];
    const close = async () => {
      await server.close();
      await remove();
    };
    return { url, close };
  } catch (error) {
    await remove();
    throw error;
  }
}
