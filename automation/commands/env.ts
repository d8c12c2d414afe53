import type { CommandModule, InferredOptionTypes } from "yargs";
import { siteOption, yesOption } from "../options.ts";

const options = { ...siteOption, ...yesOption };

export const envCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "env",
  describe: 'Print shell lines that give plain pulumi the same set-up: eval "$(npx evenkeel env)"',
  builder: options,
  handler: async (args) => {
    const { printEnv } = await import("../rollout/env.ts");
    await printEnv(args);
  },
};
