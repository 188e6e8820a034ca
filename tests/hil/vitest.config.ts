import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** One board, so one test at a time. */
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    include: ["tests/hil/**/*.hil.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    pool: "forks",
  },
});
