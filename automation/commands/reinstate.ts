import type { CommandModule, InferredOptionTypes } from "yargs";
import { methods } from "../failover/returning.ts";
import { formatOption, moveOptions, siteOption, yesOption } from "../options.ts";

const options = {
  ...siteOption,
  method: {
    choices: methods,
    describe: "How it comes back; left out, the gentlest way that its history allows",
  },
  "replay-lost": {
    type: "boolean",
    default: false,
    describe: "Put back into the active region what a failover lost, where nothing speaks against it",
  },
  ...moveOptions,
  ...formatOption,
  ...yesOption,
} as const;

type Args = InferredOptionTypes<typeof options> & { region: string };

export const reinstateCommand: CommandModule<object, Args> = {
  command: "reinstate <region>",
  describe: "Make a region that was active before, and is back, a standby of the one that took over",
  builder: (yargs) =>
    yargs
      .positional("region", { type: "string", demandOption: true, describe: "The region that is back" })
      .options(options),
  handler: async (args) => {
    const { reinstate } = await import("../failover/reinstate.ts");
    const { readSteps } = await import("../failover/tell.ts");
    await reinstate({
      ...args,
      method: args.method ?? null,
      approve: readSteps("--approve", args.approve),
      only: readSteps("--only", args.only),
    });
  },
};
