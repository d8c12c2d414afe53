import { exitCodes, UserError } from "../errors.ts";
import { globalStack } from "../stacks.ts";

/** What `--region` picks: region stacks (in the order of the configuration) and whether `global` is among them. */
export interface Picked {
  regions: string[];
  global: boolean;
  all: boolean;
}

export function pickRegions(value: string, regions: readonly string[]): Picked {
  if (value === "all") return { regions: [...regions], global: true, all: true };
  if (value === globalStack) return { regions: [], global: true, all: false };
  if (regions.includes(value)) return { regions: [value], global: false, all: false };
  throw new UserError({
    what: `there is no region ${value}`,
    why: `--region takes ${[...regions, globalStack, "all"].join(", ")}`,
    next: `--region ${regions[0]}`,
    exitCode: exitCodes.usage,
  });
}

/** `--timeout` in whole seconds, at least ten: less ends every step before it began. */
export function checkTimeout(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 10 && seconds <= 86_400) return seconds;
  throw new UserError({
    what: `--timeout ${seconds} is no whole number of seconds between 10 and 86400`,
    next: "--timeout 1800",
    exitCode: exitCodes.usage,
  });
}
