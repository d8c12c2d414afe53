import { parseArgs } from "node:util";
import { exitCodes, UserError } from "../automation/errors.ts";

/** A flag that takes a whole number: what it is where it was not given, and at most. */
export interface NumberFlag {
  otherwise: number;
  most: number;
}

/**
 * `--site NAME` and whole numbers from 1 on. Throws a usage error (exit 2) that names the flag; `next` is a command that
 * works.
 */
export function siteOptions<Name extends string>(
  argv: readonly string[],
  flags: Readonly<Record<Name, NumberFlag>>,
  next: string,
): { site: string } & Record<Name, number> {
  const usage = (what: string) => new UserError({ what, next, exitCode: exitCodes.usage });
  const names = Object.keys(flags) as Name[];
  const text = { type: "string" } as const;
  const options = Object.fromEntries(["site", ...names].map((name) => [name, text]));
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ args: [...argv], options }));
  } catch (error) {
    throw usage((error as Error).message);
  }
  const numbers = names.map((name) => {
    const { otherwise, most } = flags[name];
    const value = Number(values[name] ?? otherwise);
    if (Number.isInteger(value) && value >= 1 && value <= most) return [name, value] as const;
    throw usage(`--${name} takes a whole number from 1 to ${most}`);
  });
  const { site } = values;
  if (typeof site !== "string") throw usage("--site names no site");
  if (!/^[a-z][a-z0-9-]*$/.test(site)) throw usage(`--site: "${site}" is no site's name`);
  return { site, ...(Object.fromEntries(numbers) as Record<Name, number>) };
}
