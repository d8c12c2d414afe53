import type { CommandModule, InferredOptionTypes } from "yargs";
import { formatOption, siteOption } from "../options.ts";

const options = {
  ...siteOption,
  format: { ...formatOption.format, choices: ["table", "json", "html"] },
} as const;

export const timelineCommand: CommandModule<object, InferredOptionTypes<typeof options> & { id: string }> = {
  command: "timeline <id>",
  describe: "Show one run step by step: timeline last, timeline 3fca12 --format html",
  builder: (yargs) =>
    yargs
      .positional("id", {
        type: "string",
        demandOption: true,
        describe: "A run that events shows, a beginning of one, or last",
      })
      .options(options),
  handler: async (args) => {
    const { showTimeline } = await import("../history/show-timeline.ts");
    await showTimeline(args);
  },
};
