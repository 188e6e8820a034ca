import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 300_000,
    globalSetup: "tests/temporary_folder.ts",
    pool: "forks",
    maxWorkers: 2,
  },
});
