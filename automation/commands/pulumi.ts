import type { CommandModule, InferredOptionTypes } from "yargs";
import { siteOption } from "../options.ts";

type Args = InferredOptionTypes<typeof siteOption> & { "--"?: string[] };

export const pulumiCommand: CommandModule<object, Args> = {
  command: "pulumi",
  describe: "Run the Pulumi CLI on the site's project with the right environment: pulumi up -s primary",
  builder: siteOption,
  handler: async (args) => {
    const { runPulumi } = await import("../rollout/pulumi.ts");
    process.exitCode = await runPulumi({ site: args.site, args: args["--"] ?? [] });
  },
};
