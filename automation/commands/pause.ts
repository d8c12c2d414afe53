import type { CommandModule, InferredOptionTypes } from "yargs";
import { formatOption, siteOption } from "../options.ts";

const options = {
  ...siteOption,
  ...formatOption,
  for: { type: "string", requiresArg: true, describe: "How long: 90s, 30m, 2h, at most 7d" },
  off: { type: "boolean", default: false, describe: "End the pause" },
} as const;

export const pauseCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "pause",
  describe: "Let no region be promoted by itself for a while: pause --for 30m, pause --off",
  builder: options,
  handler: async ({ site, format, off, for: duration }) => {
    const { pause } = await import("../rollout/pause.ts");
    await pause({ site, format, off, duration });
  },
};
