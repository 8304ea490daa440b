import { defineConfig } from "vitest/config";

const exclude = ["**/node_modules/**"];
const setupFiles = ["test/seed.ts"];
/** No test fetches anything from the network; those of the zoo say otherwise, and ask servers of their own. */
const env = { MOVINET_OFFLINE: "1" };

/**
 * `unit` is the README's test command; `slow` is what CI adds: real clips, parity at native resolution, the browser;
 * `clients` installs the packages and opens our files in other makers' tools, one file at a time, because they pack into one folder. Time-outs are against tests that hang, not slow ones: other work may take most of the machine.
 */
export default defineConfig({
  test: {
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [...exclude, "**/*.slow.test.ts", "**/*.clients.test.ts"],
          setupFiles,
          env,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "slow",
          include: ["packages/*/test/**/*.slow.test.ts", "apps/*/test/**/*.slow.test.ts", "test/**/*.slow.test.ts"],
          exclude: [...exclude, "test/package/**"],
          setupFiles,
          env,
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: "clients",
          include: ["test/clients/**/*.clients.test.ts", "test/package/**/*.slow.test.ts"],
          exclude,
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
