import type { CommandModule, InferredOptionTypes } from "yargs";
import { siteOption, yesOption } from "../options.ts";

const options = {
  ...siteOption,
  confirm: {
    type: "string",
    requiresArg: true,
    describe: "The region's name once more, instead of typing it",
  },
  "accept-loss": {
    type: "boolean",
    default: false,
    describe:
      "Also when another region was the writer later and no database holds what it took: that is given up",
  },
  ...yesOption,
} as const;

export const resumeCommand: CommandModule<object, InferredOptionTypes<typeof options> & { region: string }> =
  {
    command: "resume <region>",
    describe: "Let a region that was active before its database host restarted accept writes again",
    builder: (yargs) =>
      yargs
        .positional("region", { type: "string", demandOption: true, describe: "The region's name" })
        .options(options),
    handler: async (args) => {
      const { resume } = await import("../rollout/resume.ts");
      await resume({ ...args, acceptLoss: args["accept-loss"] });
    },
  };
