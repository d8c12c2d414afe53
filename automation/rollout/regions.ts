import type { SiteConfig } from "../../components/config.ts";
import { exitCodes, UserError } from "../errors.ts";
import { siteFlag } from "../options.ts";
import { globalStack } from "../stacks.ts";

/** What `--region` picks: region stacks (in the order of the configuration) and whether `global` is among them. */
export interface Picked {
  regions: string[];
  global: boolean;
  all: boolean;
}

/**
 * What `--region` and `--timeout` of a command mean for a site. Throws a usage error (2) that names the whole command
 * to give instead.
 *
 * @param asked the command without either, e.g. "npx evenkeel destroy --site blog --preview"
 * @param example what stands for the region in the command to give: by default the first one
 */
export function chosen(
  asked: string,
  args: { region: string; timeout: number },
  regions: readonly string[],
  example = regions[0] as string,
): { picked: Picked; timeoutSeconds: number } {
  const picked = pickRegions(args.region, regions, `${asked} --region ${example}`);
  const whole = picked.all ? asked : `${asked} --region ${args.region}`;
  return { picked, timeoutSeconds: checkTimeout(args.timeout, whole) };
}

/**
 * The order in which regions are brought up to date: those in one list side by side. Where one is known to be active,
 * every other one goes first, so that what does not work is met where nobody is served; a site that is being built has
 * none, and all go at once.
 */
export function rolloutOrder(regions: readonly string[], active: string | undefined): string[][] {
  const others = regions.filter((name) => name !== active);
  const last = regions.filter((name) => name === active);
  return [others, last].filter((names) => names.length > 0);
}

function pickRegions(value: string, regions: readonly string[], next: string): Picked {
  if (value === "all") return { regions: [...regions], global: true, all: true };
  if (value === globalStack) return { regions: [], global: true, all: false };
  if (regions.includes(value)) return { regions: [value], global: false, all: false };
  throw new UserError({
    what: `there is no region ${value}`,
    why: `--region takes ${[...regions, globalStack, "all"].join(", ")}`,
    next,
    exitCode: exitCodes.usage,
  });
}

/** In whole seconds, at least ten: less ends every step before it began. */
function checkTimeout(seconds: number, command: string): number {
  if (Number.isInteger(seconds) && seconds >= 10 && seconds <= 86_400) return seconds;
  throw new UserError({
    what: `--timeout ${seconds} is no whole number of seconds between 10 and 86400`,
    next: `${command} --timeout 1800`,
    exitCode: exitCodes.usage,
  });
}

/**
 * Refuses (2) a region that the configuration doesn't name, before anything is set up or touched.
 *
 * @param command the command to give instead for a region that there is, e.g. "switchover --to primary"
 * @param example which one that is: by default the last, which a site is moved to first
 */
export function requireRegion(
  { site, regions }: Pick<SiteConfig, "site" | "regions">,
  name: string,
  command: (region: string) => string,
  example = regions.at(-1) as string,
): void {
  if (regions.includes(name)) return;
  throw new UserError({
    what: `there is no region ${name}`,
    why: `the regions are ${regions.join(", ")}`,
    next: `npx evenkeel ${command(example)}${siteFlag(site)}`,
    exitCode: exitCodes.usage,
  });
}
