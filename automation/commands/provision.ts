import type { CommandModule, InferredOptionTypes } from "yargs";
import { regionOption, siteOption, timeoutOption, yesOption } from "../options.ts";

const options = {
  ...siteOption,
  ...regionOption,
  preview: { type: "boolean", default: false, describe: "Show what would change; change nothing" },
  check: {
    type: "boolean",
    default: false,
    describe: "Only look at every host and name what is not as it was left (exit 10); change nothing",
  },
  format: {
    choices: ["table", "json"],
    default: "table",
    describe: "With --check: form of the result on standard output",
  },
  full: {
    type: "boolean",
    default: false,
    describe: "Let Pulumi compare every resource, also where nothing changed since the last rollout",
  },
  ...yesOption,
  ...timeoutOption,
} as const;

export const provisionCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "provision",
  describe: "Build the site, or mend it: both regions, then what joins them",
  builder: options,
  handler: async (args) => {
    const { provision } = await import("../rollout/provision.ts");
    await provision(args);
  },
};
