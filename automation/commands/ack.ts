import type { CommandModule, InferredOptionTypes } from "yargs";
import { formatOption, siteOption } from "../options.ts";

const options = { ...siteOption, ...formatOption } as const;

export const ackCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "ack",
  describe: "Acknowledge the last failover, so that another one may follow it",
  builder: options,
  handler: async (args) => {
    const { ack } = await import("../rollout/ack.ts");
    await ack(args);
  },
};
