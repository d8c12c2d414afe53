import { exitCodes, UserError } from "../errors.ts";
import { globalStack } from "../stacks.ts";

/** What `--region` picks: region stacks (in the order of the configuration) and whether `global` is among them. */
export interface Picked {
  regions: string[];
  global: boolean;
  all: boolean;
}

/** Stands before a flag where nobody said whose it is. */
const sameCommand = "the same command with";

/** @param command the command that is asked for, without this flag: with a region's name it is the next to run. */
export function pickRegions(value: string, regions: readonly string[], command = sameCommand): Picked {
  if (value === "all") return { regions: [...regions], global: true, all: true };
  if (value === globalStack) return { regions: [], global: true, all: false };
  if (regions.includes(value)) return { regions: [value], global: false, all: false };
  throw new UserError({
    what: `there is no region ${value}`,
    why: `--region takes ${[...regions, globalStack, "all"].join(", ")}`,
    next: `${command} --region ${regions[0]}`,
    exitCode: exitCodes.usage,
  });
}

/**
 * `--timeout` in whole seconds, at least ten: less ends every step before it began.
 *
 * @param command the command that is asked for, without this flag.
 */
export function checkTimeout(seconds: number, command = sameCommand): number {
  if (Number.isInteger(seconds) && seconds >= 10 && seconds <= 86_400) return seconds;
  throw new UserError({
    what: `--timeout ${seconds} is no whole number of seconds between 10 and 86400`,
    next: `${command} --timeout 1800`,
    exitCode: exitCodes.usage,
  });
}
