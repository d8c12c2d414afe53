/** The import rules of docs/architecture.md. */
const ioModules =
  "^(node:)?(fs|fs/promises|child_process|net|http|https|dns|tls|dgram)$|^node_modules/(execa|@pulumi)/";

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "components-never-import-automation",
      severity: "error",
      from: { path: "^components/" },
      to: { path: "^automation/" },
    },
    {
      name: "automation-sees-only-the-contract-of-components",
      comment:
        "outputs.ts, config.ts (with the secrets' shape), what makes a host's program one file, and the lab's own facts for automation/lab and engine",
      severity: "error",
      from: { path: "^automation/" },
      to: {
        path: "^components/",
        pathNot:
          "^components/(outputs|config|plan|secrets|addresses|bundle)\\.ts$|^components/lab/(image|names|site-files)\\.ts$",
      },
    },
    {
      name: "pure-files-do-no-io",
      severity: "error",
      from: {
        path: "^automation/(remote/(?!ssh(-run|-connection|-sockets)?\\.ts)|failover/(decide|plan)\\.ts)",
      },
      to: { path: ioModules },
    },
    {
      name: "only-remote-ts-dials-hosts",
      severity: "error",
      from: { path: "^components/", pathNot: "^components/(host/remote\\.ts|lab/)" },
      to: { path: "^node_modules/@pulumi/command/" },
    },
    {
      name: "the-program-needs-no-test-or-bench",
      severity: "error",
      from: { path: "^(automation|components|index\\.ts)" },
      to: { path: "^(tests|bench)/" },
    },
    {
      name: "what-runs-beside-the-site-needs-nothing-of-it",
      comment: "npm test runs these beside the lab tests: tests/run.ts",
      severity: "error",
      from: { path: "^tests/(files|hosts)/" },
      to: { path: "^tests/lab/" },
    },
    {
      name: "one-way-errors",
      comment: "errors.ts is a leaf",
      severity: "error",
      from: { path: "^automation/errors\\.ts$" },
      to: { path: "^(automation|components)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default"],
    },
  },
};
