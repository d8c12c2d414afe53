import type { CommandModule, InferredOptionTypes } from "yargs";
import { formatOption, maxLagOption, moveOptions, siteOption, yesOption } from "../options.ts";

const options = { ...siteOption, ...maxLagOption, ...moveOptions, ...formatOption, ...yesOption } as const;

export const failbackCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "failback",
  describe: "Move the site to its preferred region, behind the proof that every row is the same in both",
  builder: options,
  handler: async (args) => {
    const { failback } = await import("../failover/failback.ts");
    const { readDuration } = await import("../durations.ts");
    const { readSteps } = await import("../failover/tell.ts");
    const { siteConfig, sitePlace } = await import("../site.ts");
    const maxLagSeconds = readDuration("--max-lag", args.maxLag) / 1000;
    const config = siteConfig(sitePlace(args.site));
    await failback(
      {
        ...args,
        maxLagSeconds,
        approve: readSteps("--approve", args.approve),
        only: readSteps("--only", args.only),
      },
      config,
    );
  },
};
