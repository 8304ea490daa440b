import { defineConfig } from "vitest/config";

const exclude = ["**/node_modules/**"];

/** `unit` is the README's test command; `slow` is what CI adds: real clips, parity at native resolution, the browser. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [...exclude, "**/*.slow.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "slow",
          include: ["packages/*/test/**/*.slow.test.ts", "apps/*/test/**/*.slow.test.ts", "test/**/*.slow.test.ts"],
          exclude,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
