import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { exitCodes, UserError } from "../errors.ts";
import { siteFlag } from "../options.ts";
import { jsonDocument } from "../output.ts";
import { databaseHost } from "../remote/database-host.ts";
import { replaceFile } from "../site/durable.ts";
import { say } from "../terminal.ts";
import { remoteDigests } from "../verify/digests.ts";
import { leftToCompare, verdict, verifyTable } from "../verify/document.ts";
import type { Comparison, Unsettled } from "../verify/model.ts";
import { settle } from "../verify/settle.ts";
import { verifySite } from "../verify/verify.ts";
import type { HeldSite } from "./moves.ts";
import type { Act } from "./plan.ts";

/** Visitors wait while these are compared: parts of tables, each a quarter of a second at most. */
const mostLeft = 8;

/**
 * Compares all rows of both regions, prints the proof and keeps it beside the journal. Returns where rows changed too often
 * to be compared: these are left for the moment at which nothing changes. Throws a UserError (12) where a row differs, could
 * not be compared at all, or too much is left.
 */
export async function proveEquality(site: HeldSite): Promise<Unsettled[]> {
  const document = await verifySite(site.ssh, site.outputs, site.config.site);
  say(verifyTable(document).trimEnd());
  const file = keepProof(site, document);
  const left = leftToCompare(document);
  if (left !== null && left.length <= mostLeft) return left;
  throw new UserError({
    what: "the regions are not proved to be equal, so the site is not moved back; nothing was changed",
    why: `verify: ${verdict(document)} (${file})`,
    next: `npx evenkeel verify${siteFlag(site.config.site)} says which rows differ`,
    exitCode: exitCodes.refused,
    code: "not-equal",
  });
}

function keepProof({ place, journal }: HeldSite, document: object): string {
  const folder = join(place.stateDirectory, "proofs");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${journal.run}.json`);
  replaceFile(file, jsonDocument({ ...document, at: new Date().toISOString(), run: journal.run }));
  say(`The proof is kept in ${file}.`);
  return file;
}

/** What was left, with the old writer closed: its words for the journal. Throws a UserError where something differs. */
export async function compareRest(
  site: HeldSite,
  { from, region, rows }: Act & { do: "compare" },
): Promise<string> {
  const digests = (name: string) => remoteDigests(site.ssh, databaseHost(site.outputs, name).id);
  const sides = [digests(from), digests(region)] as const;
  const found: Pick<Comparison, "differences" | "changing">[] = [];
  for (const { range, keyed } of rows) found.push(await settle(...sides, range, keyed));
  const differences = found.flatMap((one) => one.differences);
  const changing = found.flatMap((one) => one.changing);
  if (differences.length + changing.length === 0) return `${rows.length} part(s) of tables are equal`;
  const words = [...differences, ...changing].map(({ table, key }) => `${table} ${key?.join(", ") ?? ""}`);
  throw new UserError({
    what: `rows of ${from} and ${region} are not proved to be equal`,
    why: words.map((text) => text.trim()).join("; "),
    exitCode: exitCodes.refused,
    code: "not-equal",
  });
}
