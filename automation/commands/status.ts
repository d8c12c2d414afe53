import type { CommandModule, InferredOptionTypes } from "yargs";
import { exitCodes, UserError } from "../errors.ts";
import { formatOption, siteOption } from "../options.ts";

const defaultWatchSeconds = 2;

const options = {
  ...siteOption,
  ...formatOption,
  watch: {
    type: "string",
    coerce: watchSeconds,
    describe: `Look again every so many seconds (${defaultWatchSeconds} where none are given) until interrupted`,
  },
} as const;

/** `--watch` alone, or `--watch=5`. */
function watchSeconds(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const seconds = given === "" ? defaultWatchSeconds : Number(given);
  if (seconds >= 1 && seconds <= 3600) return seconds;
  throw new UserError({
    what: `--watch takes seconds from 1 to 3600, got "${given}"`,
    next: "npx evenkeel status --watch=5",
    exitCode: exitCodes.usage,
  });
}

export const statusCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "status",
  describe: "Show the site's regions, who is active, and what to run when something is wrong (exit 10)",
  builder: options,
  handler: async (args) => {
    const { showStatus } = await import("../status/status.ts");
    process.exitCode = await showStatus(args);
  },
};
