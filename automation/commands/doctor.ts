import type { CommandModule, InferredOptionTypes } from "yargs";
import { exitCodes, UserError } from "../errors.ts";
import { formatOption, siteOption } from "../options.ts";

const options = {
  ...siteOption,
  ...formatOption,
  output: {
    type: "string",
    requiresArg: true,
    coerce: fileName,
    describe: "File to write, instead of one in .evenkeel/doctor",
  },
} as const;

/** `--output FILE`: an empty one would be another way to say the folder one stands in. */
function fileName(given: string | undefined): string | undefined {
  if (given !== "") return given;
  throw new UserError({
    what: "--output takes a file's name, got an empty one",
    next: "npx evenkeel doctor --output bundle.tar.gz",
    exitCode: exitCodes.usage,
  });
}

export const doctorCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "doctor",
  describe: "Write a support bundle: machine, configuration, status and logs, with every secret taken out",
  builder: options,
  handler: async (args) => {
    const { doctor } = await import("../status/doctor.ts");
    process.exitCode = await doctor(args);
  },
};
