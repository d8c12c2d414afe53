/** Jest runs the sources as Node does: ESM with types stripped. Test kinds are folders; tests/run.ts picks them. */
export default {
  testEnvironment: "node",
  // A lab test asks real hosts; what may take longer says so itself.
  testTimeout: 60_000,
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2024" },
        module: { type: "es6" },
      },
    ],
  },
  // Loaded anew by every file and used by none: what Pulumi's SDK takes for serializing functions, and zod's fifty languages.
  moduleNameMapper: {
    "^(typescript|@npmcli/arborist|\\.\\./locales/index\\.js)$": "<rootDir>/tests/unit/support/unneeded.cjs",
  },
  setupFilesAfterEnv: ["<rootDir>/tests/support/second-attempt.ts"],
  testMatch: ["<rootDir>/tests/**/*.test.ts"],
  modulePathIgnorePatterns: ["<rootDir>/.evenkeel/"],
};
