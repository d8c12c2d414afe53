import type { CommandModule, InferredOptionTypes } from "yargs";
import { siteOption, yesOption } from "../options.ts";

const options = {
  ...siteOption,
  ...yesOption,
  confirm: {
    type: "string",
    requiresArg: true,
    describe: "The site's name, to remove the lock of a command on another host that is gone for good",
  },
} as const;

export const unlockCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "unlock",
  describe: "Say who holds the site, and free it of commands that are dead",
  builder: options,
  handler: async (args) => {
    const { unlock } = await import("../rollout/unlock.ts");
    await unlock(args);
  },
};
