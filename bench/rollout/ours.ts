import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { exitCodes, UserError } from "../../automation/errors.ts";
import { evenkeel, home, minuteMs, siteName } from "./command.ts";
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

/** Seconds of one `provision`, cold or not; with `--full` Pulumi compares every resource where nothing changed, too. */
export async function provision(signal: AbortSignal, words: readonly "--full"[] = []): Promise<number> {
  return (await evenkeel(["provision", "--yes", ...words], { timeoutMs: 20 * minuteMs, signal })).seconds;
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
