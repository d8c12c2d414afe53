import type { CommandModule, InferredOptionTypes } from "yargs";
import { formatOption, siteOption } from "../options.ts";

const options = { ...siteOption, ...formatOption };

export const checkCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "check",
  describe: "Look at this machine and the site's configuration; change nothing",
  builder: options,
  handler: async (args) => {
    const { check } = await import("../status/check.ts");
    process.exitCode = await check(args);
  },
};
