import type { CommandModule, InferredOptionTypes } from "yargs";

const options = {
  site: { type: "string", demandOption: true, requiresArg: true, describe: "Name of the new site" },
  regions: {
    type: "string",
    default: "primary,secondary",
    requiresArg: true,
    describe: "Its regions; one alone is a site that is not protected yet",
  },
  "initial-active": {
    type: "string",
    requiresArg: true,
    describe: "The region where it is born (the first one)",
  },
  domain: { type: "string", requiresArg: true, describe: "Its public name (NAME.lab.test)" },
  title: { type: "string", requiresArg: true, describe: "Its title" },
  engine: {
    choices: ["mariadb", "postgresql"],
    default: "mariadb",
    describe: "Its database; on PostgreSQL it has no WordPress, but the order ledger alone",
  },
  "wordpress-on-postgresql": {
    choices: ["pg4wp"],
    requiresArg: true,
    describe: "How WordPress runs there all the same: an experiment, not for shops",
  },
  "web-servers": { type: "number", default: 1, requiresArg: true, describe: "Web hosts a region, 1 to 4" },
} as const;

export const initCommand: CommandModule<object, InferredOptionTypes<typeof options>> = {
  command: "init",
  describe: "Write the files of a further site, on networks that are free: init --site blog",
  builder: options,
  handler: async (args) => {
    const { init } = await import("../site/init.ts");
    const { "initial-active": initialActive, "web-servers": webServers } = args;
    await init({
      ...args,
      initialActive,
      webServers,
      wordpressOnPostgresql: args["wordpress-on-postgresql"],
    });
  },
};
