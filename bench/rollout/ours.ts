import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { exitCodes, UserError } from "../../automation/errors.ts";
import { evenkeel, home, minuteMs, siteName, type Taken } from "./command.ts";
import { readRecipe, type Step } from "./recipe.ts";

/** Our half: the site made, made again and taken away by the command line, as a user would. */

const stacks = ["primary", "secondary", "global"] as const;
const siteFolder = join(home, "sites", siteName);

/** Writes the files of the site. One that is there already is not ours to overwrite (exit 2). */
export async function initSite(signal: AbortSignal): Promise<void> {
  if (existsSync(siteFolder)) {
    throw new UserError({
      what: `sites/${siteName} is there already`,
      next: `npx evenkeel destroy --site ${siteName}; rm -r sites/${siteName}; then run this again`,
      exitCode: exitCodes.usage,
    });
  }
  await evenkeel(["init"], { timeoutMs: minuteMs, signal });
}

/** One `provision` that has something to build. */
export function provision(signal: AbortSignal): Promise<Taken> {
  return evenkeel(["provision", "--yes"], { timeoutMs: 20 * minuteMs, signal });
}

/** One on the site that is there. It is refused as a figure where it went the other's way. */
export async function provisionAgain(signal: AbortSignal, { full }: { full: boolean }): Promise<Taken> {
  const words = ["provision", "--yes", ...(full ? ["--full"] : [])];
  const taken = await evenkeel(words, { timeoutMs: 20 * minuteMs, signal });
  checkWay(taken.stderr, { full });
  return taken;
}

/** Throws unless a run left Pulumi out, or with `--full` did not: what is measured is known from what it said. */
export function checkWay(stderr: string, { full }: { full: boolean }): void {
  const leftOut = stderr.includes("Pulumi has nothing to do");
  if (leftOut && full) throw new Error("a provision with --full left Pulumi out");
  if (!leftOut && !full) throw new Error("a provision with nothing to do ran Pulumi all the same");
}

/** What the stacks' states say was done. Secrets are in it. */
export async function exportRecipe(signal: AbortSignal): Promise<Step[]> {
  const exports: Record<string, unknown> = {};
  for (const stack of stacks) {
    const words = ["pulumi", "stack", "export", "--show-secrets", "-s", stack];
    const { stdout } = await evenkeel(words, { timeoutMs: 2 * minuteMs, signal, isSecret: true });
    exports[stack] = JSON.parse(stdout);
  }
  return readRecipe(exports);
}

/** Takes the site away, whatever there is of it. */
export async function destroySite(signal?: AbortSignal): Promise<void> {
  const words = ["destroy", "--yes", "--confirm", siteName];
  await evenkeel(words, { timeoutMs: 10 * minuteMs, ...(signal === undefined ? {} : { signal }) });
}

/** The site and its files are gone after this; nothing happens where they never were. */
export async function removeSite(): Promise<void> {
  if (!existsSync(siteFolder)) return;
  await destroySite();
  rmSync(siteFolder, { recursive: true, force: true });
}
