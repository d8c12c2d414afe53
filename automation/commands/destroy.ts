import type { CommandModule, InferredOptionTypes } from "yargs";
import { regionOption, siteOption, timeoutOption, yesOption } from "../options.ts";

const options = {
  ...siteOption,
  ...regionOption,
  preview: { type: "boolean", default: false, describe: "Show what would go; change nothing" },
  ...yesOption,
  confirm: {
    type: "string",
    requiresArg: true,
    describe: "The site's name, instead of typing it at the terminal",
  },
  "even-active": {
    type: "boolean",
    default: false,
    describe: "With --region: also when that region is the active one, or holds the last copy",
  },
  ...timeoutOption,
} as const;

export const destroyCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "destroy",
  describe: "Remove the site, its data and its state",
  builder: options,
  handler: async (args) => {
    const { destroy } = await import("../rollout/destroy.ts");
    await destroy({ ...args, evenActive: args["even-active"] });
  },
};
