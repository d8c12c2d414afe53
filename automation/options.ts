import type { Options } from "yargs";

/** Name of the site whose files lie at the top level of the clone; every other site has a folder below sites/. */
export const defaultSite = "shop";

/** The words that name a site in a command: none for the default one. */
export function siteFlag(site: string): string {
  return site === defaultSite ? "" : ` --site ${site}`;
}

/** Flags that mean the same with every command that takes them. */
export const siteOption = {
  site: { type: "string", default: defaultSite, requiresArg: true, describe: "The site to work on" },
} as const satisfies Record<string, Options>;

export const formatOption = {
  format: {
    choices: ["table", "json"],
    default: "table",
    describe: "Form of the result on standard output",
  },
} as const satisfies Record<string, Options>;

export const yesOption = {
  yes: {
    type: "boolean",
    default: false,
    describe:
      "Answer yes to what is asked: of set-up, and before something is deleted (needed without a terminal)",
  },
} as const satisfies Record<string, Options>;

/** Of every move of the site from region to region. */
export const moveOptions = {
  "dry-run": { type: "boolean", default: false, describe: "Check and show the steps; change nothing" },
  approve: {
    type: "string",
    default: "",
    requiresArg: true,
    describe: "Steps, by commas, before which a person is asked",
  },
  only: {
    type: "string",
    default: "",
    requiresArg: true,
    describe: "Only these steps, by commas, of those that are left to do",
  },
} as const satisfies Record<string, Options>;

export const maxLagOption = {
  "max-lag": {
    type: "string",
    default: "5s",
    requiresArg: true,
    describe: "Refused where the standby is further behind",
  },
} as const satisfies Record<string, Options>;

export const regionOption = {
  region: {
    type: "string",
    default: "all",
    requiresArg: true,
    describe: "One region's name, global, or all",
  },
} as const satisfies Record<string, Options>;

export const timeoutOption = {
  timeout: {
    type: "number",
    default: 1800,
    requiresArg: true,
    describe: "Seconds after which the running step is asked to stop",
  },
} as const satisfies Record<string, Options>;
