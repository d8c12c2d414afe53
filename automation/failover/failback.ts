import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { SiteConfig } from "../../components/config.ts";
import { exitCodes, UserError } from "../errors.ts";
import { siteFlag } from "../options.ts";
import { jsonDocument } from "../output.ts";
import { replaceFile } from "../site/durable.ts";
import { say } from "../terminal.ts";
import { verdict, verifyTable } from "../verify/document.ts";
import { verifySite } from "../verify/verify.ts";
import type { Held } from "./held.ts";
import { type SwitchoverArgs, switchSite } from "./switchover.ts";

export type FailbackArgs = Omit<SwitchoverArgs, "to">;

/** The region that the site belongs to while all is well. */
export function preferredRegion({
  preferred,
  initialActive,
}: Pick<SiteConfig, "preferred" | "initialActive">): string {
  return preferred ?? initialActive;
}

/**
 * `evenkeel failback`: a switchover to the preferred region, behind the proof that every row is the same in both. The
 * proof is printed, and kept beside the journal.
 */
export async function failback(args: FailbackArgs, config: SiteConfig): Promise<void> {
  const to = preferredRegion(config);
  await switchSite({ ...args, to }, { kind: "failback", first: proveEquality });
}

/** Throws a UserError (12) where a row differs or could not be compared. */
export async function proveEquality({ site }: Held): Promise<void> {
  const { ssh, outputs, config, place, journal } = site;
  const document = await verifySite(ssh, outputs, config.site);
  say(verifyTable(document).trimEnd());
  const folder = join(place.stateDirectory, "proofs");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${journal.run}.json`);
  replaceFile(file, jsonDocument({ ...document, at: new Date().toISOString(), run: journal.run }));
  say(`The proof is kept in ${file}.`);
  if (verdict(document) === "equal") return;
  throw new UserError({
    what: "the regions are not proved to be equal, so the site is not moved back; nothing was changed",
    why: `verify: ${verdict(document)} (${file})`,
    next: `npx evenkeel verify${siteFlag(config.site)} says which rows differ`,
    exitCode: exitCodes.refused,
    code: "not-equal",
  });
}
