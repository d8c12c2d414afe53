import type { CommandModule, InferredOptionTypes } from "yargs";
import { formatOption, siteOption } from "../options.ts";

const options = { ...siteOption, ...formatOption };

export const credentialsCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "credentials",
  describe: "Print the address, user and password of the site's administrator",
  builder: options,
  handler: async (args) => {
    const { showCredentials } = await import("../status/credentials.ts");
    await showCredentials(args);
  },
};
