import tseslint from "typescript-eslint";

/** Biome formats and lints; ESLint is here for the one rule that needs types: no promise is left floating. */
export default [
  { ignores: ["node_modules/", ".evenkeel/", "**/*.mjs", "**/*.cjs"] },
  {
    files: ["**/*.ts"],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { "@typescript-eslint": tseslint.plugin },
    rules: { "@typescript-eslint/no-floating-promises": "error" },
  },
];
