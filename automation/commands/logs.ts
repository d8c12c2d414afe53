import type { CommandModule, InferredOptionTypes } from "yargs";
import { siteOption } from "../options.ts";

const options = {
  ...siteOption,
  unit: { alias: "u", type: "string", requiresArg: true, describe: "One unit only, e.g. mariadb, nginx" },
  since: { type: "string", requiresArg: true, describe: 'A time, e.g. "10 minutes ago"' },
  lines: { alias: "n", type: "number", default: 100, requiresArg: true, describe: "The newest lines" },
  follow: { alias: "f", type: "boolean", default: false, describe: "Go on as lines come" },
} as const;

type Args = InferredOptionTypes<typeof options> & { host?: string | undefined };

export const logsCommand: CommandModule<object, Args> = {
  command: "logs [host]",
  describe: "Print a host's journal: logs primary/database -u mariadb -f",
  builder: (yargs) =>
    yargs
      .positional("host", {
        type: "string",
        describe: "A host's id or machine name; without one: which there are",
      })
      .options(options),
  handler: async (args) => {
    const { showLogs } = await import("../status/logs.ts");
    process.exitCode = await showLogs(args);
  },
};
