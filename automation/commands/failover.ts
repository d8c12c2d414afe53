import type { CommandModule, InferredOptionTypes } from "yargs";
import { formatOption, moveOptions, siteOption, yesOption } from "../options.ts";

const options = {
  ...siteOption,
  to: { type: "string", demandOption: true, requiresArg: true, describe: "The region that shall take over" },
  "accept-loss": {
    type: "string",
    default: "0",
    requiresArg: true,
    describe: "Rows that may be lost, or any (also where nobody can tell how many)",
  },
  "confirmed-off": {
    type: "string",
    default: "",
    requiresArg: true,
    describe: "Regions, by commas, whose database machine is off for certain: your word is the proof",
  },
  confirm: {
    type: "string",
    requiresArg: true,
    describe: "The region's name once more, instead of typing it",
  },
  ...moveOptions,
  ...formatOption,
  ...yesOption,
} as const;

export const failoverCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "failover",
  describe:
    "Let another region take over from one that is gone; says first what proves that, and what is lost",
  builder: options,
  handler: async (args) => {
    const { failover } = await import("../failover/failover.ts");
    const { readLoss, readSteps, words } = await import("../failover/tell.ts");
    await failover({
      ...args,
      acceptLoss: readLoss(args.acceptLoss),
      confirmedOff: words(args.confirmedOff),
      approve: readSteps("--approve", args.approve),
      only: readSteps("--only", args.only),
    });
  },
};
