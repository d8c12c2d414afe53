import type { CommandModule, InferredOptionTypes } from "yargs";
import { formatOption, siteOption } from "../options.ts";

const options = { ...siteOption, ...formatOption };

export const statusCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "status",
  describe: "Show the site's regions, who is active, and what to run when something is wrong (exit 10)",
  builder: options,
  handler: async (args) => {
    const { showStatus } = await import("../status/status.ts");
    process.exitCode = await showStatus(args);
  },
};
