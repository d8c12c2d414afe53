import type { CommandModule, InferredOptionTypes } from "yargs";
import { siteOption } from "../options.ts";

const options = {
  ...siteOption,
  format: {
    choices: ["ascii", "svg", "mermaid"],
    default: "ascii",
    describe: "Form of the picture on standard output",
  },
} as const;

export const topologyCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "topology",
  describe: "Draw the site as it is now: places, hosts, roles, replication (exit 10 when something is wrong)",
  builder: options,
  handler: async (args) => {
    const { showTopology } = await import("../status/topology.ts");
    process.exitCode = await showTopology(args);
  },
};
