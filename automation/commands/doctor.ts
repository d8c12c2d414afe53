import type { CommandModule, InferredOptionTypes } from "yargs";
import { formatOption, siteOption } from "../options.ts";

const options = {
  ...siteOption,
  ...formatOption,
  output: {
    type: "string",
    requiresArg: true,
    describe: "File to write, instead of one in .evenkeel/doctor",
  },
} as const;

export const doctorCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "doctor",
  describe: "Write a support bundle: machine, configuration, status and logs, with every secret taken out",
  builder: options,
  handler: async (args) => {
    const { doctor } = await import("../status/doctor.ts");
    process.exitCode = await doctor(args);
  },
};
