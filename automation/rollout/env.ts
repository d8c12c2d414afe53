import { writeResult } from "../output.ts";
import { siteConfig, sitePlace } from "../site.ts";
import { setUpEngine } from "./engine.ts";
import { openSession } from "./session.ts";

/**
 * `evenkeel env`: shell lines for plain `pulumi`. Sets up what is missing and makes the site's files and empty stacks,
 * so that `pulumi up -s primary` works right after it.
 */
export async function printEnv(args: { site: string; yes: boolean }): Promise<void> {
  const place = sitePlace(args.site);
  const config = siteConfig(place);
  const engine = await setUpEngine(args, config);
  const { stacks } = await openSession({ place, config, engine });
  const existing = await stacks.existing();
  if (existing.length < config.regions.length + 1) await stacks.ensure();
  writeResult(exportLines(engine.env));
}

/** `export NAME='value'` lines, safe for any value in any POSIX shell. */
export function exportLines(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join("");
}
