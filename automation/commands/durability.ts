import type { CommandModule, InferredOptionTypes } from "yargs";
import { durabilities } from "../../components/config.ts";
import type { Durability } from "../keeper/store.ts";
import { formatOption, siteOption, yesOption } from "../options.ts";

const options = { ...siteOption, ...formatOption, ...yesOption } as const;

type Args = InferredOptionTypes<typeof options> & { mode?: Durability };

export const durabilityCommand: CommandModule<object, Args> = {
  command: "durability [mode]",
  describe: "Show what the site promises of acknowledged writes when a region dies, or change it",
  builder: (yargs) =>
    yargs
      .positional("mode", {
        choices: durabilities,
        describe:
          "strict: a write waits for a standby; bounded: for a while at most; async: not at all, and may be lost",
      })
      .options(options),
  handler: async (args) => {
    const { durability } = await import("../rollout/durability.ts");
    await durability(args);
  },
};
