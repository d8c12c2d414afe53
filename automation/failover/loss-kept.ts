import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { jsonDocument } from "../output.ts";
import type { LostTail } from "../remote/tail.ts";
import { readIfThere, replaceFile } from "../site/durable.ts";
import { type LossReport, lossReport, lossTable } from "./loss.ts";
import type { HeldSite } from "./moves.ts";

/** Losses of a site, as their reports, and the tails that they were made of. */
const folderOf = ({ place }: Pick<HeldSite, "place">) => join(place.stateDirectory, "losses");

/** The loss of a run, where the old writer told of one. */
export function lossFile(site: Pick<HeldSite, "place" | "journal">, kind: "report" | "tail"): string {
  return join(folderOf(site), `${site.journal.run}.${kind}.json`);
}

/**
 * Keeps the report of a loss, and the tail itself for putting rows back, in the clone (0600: rows of the site stand in
 * it). Returns the report's lines for people, and where it lies.
 */
export function keepLoss(site: Pick<HeldSite, "place" | "journal">, tail: LostTail): string[] {
  mkdirSync(folderOf(site), { recursive: true, mode: 0o700 });
  const report = lossReport(tail);
  replaceFile(lossFile(site, "tail"), jsonDocument(tail));
  replaceFile(lossFile(site, "report"), jsonDocument(report));
  return [...lossTable(report), `The loss report is kept in ${lossFile(site, "report")}.`];
}

/** The loss that this run was told of; null: none. */
export async function lossOf(
  site: Pick<HeldSite, "place" | "journal">,
): Promise<{ text: string; document: LossReport } | null> {
  const text = readIfThere(lossFile(site, "report"));
  if (text === null) return null;
  const document = JSON.parse(text) as LossReport;
  return { text: lossTable(document).join("\n"), document };
}
