import type { CommandModule, InferredOptionTypes } from "yargs";
import { formatOption, siteOption } from "../options.ts";

const options = { ...siteOption, ...formatOption };

export const outputsCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "outputs",
  describe: "Print the site's addresses and hosts, as its stacks gave them out",
  builder: options,
  handler: async (args) => {
    const { showOutputs } = await import("../status/outputs.ts");
    await showOutputs(args);
  },
};
