import type { CommandModule, InferredOptionTypes } from "yargs";
import { formatOption, siteOption } from "../options.ts";

const options = { ...siteOption, ...formatOption };

export const verifyCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "verify",
  describe:
    "Compare all rows of the standby with the active region's while both run (exit 10 where they differ)",
  builder: options,
  handler: async (args) => {
    const { verify } = await import("../verify/verify.ts");
    process.exitCode = await verify(args);
  },
};
