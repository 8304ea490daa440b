import { extname } from "node:path";

/** URL of the module `name` beside the one at `base`: TypeScript in the repository, JavaScript in the package. */
export function moduleBeside(name: string, base: string): URL {
  return new URL(`./${name}${extname(new URL(base).pathname)}`, base);
}
