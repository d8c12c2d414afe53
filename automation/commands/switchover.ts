import type { CommandModule, InferredOptionTypes } from "yargs";
import { formatOption, maxLagOption, moveOptions, siteOption, yesOption } from "../options.ts";

const options = {
  ...siteOption,
  to: { type: "string", demandOption: true, requiresArg: true, describe: "The region that shall be active" },
  ...maxLagOption,
  ...moveOptions,
  ...formatOption,
  ...yesOption,
} as const;

export const switchoverCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "switchover",
  describe: "Move the site to another region while both are up; nothing is lost",
  builder: options,
  handler: async (args) => {
    const { switchover } = await import("../failover/switchover.ts");
    const { readDuration } = await import("../durations.ts");
    const { readSteps } = await import("../failover/tell.ts");
    const maxLagSeconds = readDuration("--max-lag", args.maxLag) / 1000;
    await switchover({
      ...args,
      maxLagSeconds,
      approve: readSteps("--approve", args.approve),
      only: readSteps("--only", args.only),
    });
  },
};
