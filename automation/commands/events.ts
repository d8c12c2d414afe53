import type { CommandModule, InferredOptionTypes } from "yargs";
import { formatOption, siteOption } from "../options.ts";

const options = {
  ...siteOption,
  ...formatOption,
  since: { type: "string", requiresArg: true, describe: "Only what is so fresh: 90s, 30m, 2h, 7d" },
  follow: { alias: "f", type: "boolean", default: false, describe: "Go on as events come" },
} as const;

export const eventsCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "events",
  describe: "Show what commands did to the site, and the moves that etcd knows of: events --since 1h",
  builder: options,
  handler: async (args) => {
    const { showEvents } = await import("../history/show-events.ts");
    await showEvents(args);
  },
};
