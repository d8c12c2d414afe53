import type { CommandModule, InferredOptionTypes } from "yargs";
import { siteOption } from "../options.ts";

type Args = InferredOptionTypes<typeof siteOption> & { host?: string | undefined; "--"?: string[] };

export const sshCommand: CommandModule<object, Args> = {
  command: "ssh [host]",
  describe: "Open a shell on a host, or run a command there: ssh primary/database -- uptime",
  builder: (yargs) =>
    yargs
      .positional("host", {
        type: "string",
        describe: "A host's id or machine name; without one: which there are",
      })
      .options(siteOption),
  handler: async (args) => {
    const { openShell } = await import("../status/shell.ts");
    process.exitCode = await openShell({
      verb: "ssh",
      site: args.site,
      host: args.host,
      command: args["--"] ?? [],
    });
  },
};
