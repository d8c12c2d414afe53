import type { CommandModule, InferredOptionTypes } from "yargs";
import { drillKinds } from "../drill/parts.ts";
import { formatOption, siteOption, yesOption } from "../options.ts";

const options = {
  ...siteOption,
  kind: { choices: drillKinds, default: "region", describe: "What is broken, in the region that is active" },
  repeat: { type: "number", default: 1, requiresArg: true, describe: "How often, one behind the other" },
  "max-rto": {
    type: "string",
    requiresArg: true,
    describe: "The outage may last so long (default: 30s, of a switchover 5s); exit 11 where it is longer",
  },
  "max-rpo": {
    type: "string",
    requiresArg: true,
    describe: "So many acknowledged orders may be missing (default: 0; in async they are only shown)",
  },
  report: { type: "string", requiresArg: true, describe: "Write a report into this HTML file" },
  "dry-run": {
    type: "boolean",
    default: false,
    describe: "Check, and show what would be done; break nothing",
  },
  ...formatOption,
  ...yesOption,
} as const;

export const drillCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "drill",
  describe: "Break the active region for real, move the site and bring it back, and measure what that cost",
  builder: options,
  handler: async (args) => {
    const { drill } = await import("../drill/command.ts");
    process.exitCode = await drill(args);
  },
};
