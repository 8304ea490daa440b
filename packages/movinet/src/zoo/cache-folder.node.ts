import { homedir } from "node:os";
import { join } from "node:path";

/** The folder for models by name: `$MOVINET_CACHE`, else the platform's cache folder for `movinet`. */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  if (env["MOVINET_CACHE"]) return env["MOVINET_CACHE"];
  if (platform === "win32") return join(env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "movinet");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "movinet");
  return join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "movinet");
}
