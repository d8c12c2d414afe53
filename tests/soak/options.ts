import { parseArgs } from "node:util";
import { exitCodes, UserError } from "../../automation/errors.ts";
import { type PartName, partNames } from "./page.ts";

/** What `npm run soak` was asked for. Pure. */
export interface Options {
  parts: readonly PartName[];
  /** Of the moments at which runs are interrupted. */
  seed: number;
}

/** Throws a usage error that names the flag. `seed` is taken where none was given. */
export function optionsOf(argv: readonly string[], seed: number): Options {
  const { only, seed: given } = flagsOf(argv);
  if (given !== undefined && !/^\d{1,9}$/.test(given))
    throw usage(`--seed takes a whole number, not "${given}"`, "npm run soak -- --seed 7");
  if (only !== undefined && !isPart(only))
    throw usage(
      `--only takes ${partNames.join(", ")}; "${only}" is none of them`,
      "npm run soak -- --only shapes",
    );
  return { parts: only === undefined ? partNames : [only], seed: given === undefined ? seed : Number(given) };
}

function isPart(name: string): name is PartName {
  return (partNames as readonly string[]).includes(name);
}

function flagsOf(argv: readonly string[]): { only?: string | undefined; seed?: string | undefined } {
  const flags = { only: { type: "string" }, seed: { type: "string" } } as const;
  try {
    return parseArgs({ args: [...argv], options: flags }).values;
  } catch (error) {
    throw usage((error as Error).message, `npm run soak -- --only ${partNames.join("|")} --seed 7`);
  }
}

function usage(what: string, next: string): UserError {
  return new UserError({ what, next, exitCode: exitCodes.usage });
}
