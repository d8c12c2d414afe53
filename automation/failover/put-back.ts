import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { table } from "../output.ts";
import { databaseCommand } from "../remote/database.ts";
import { onDatabase } from "../remote/database-host.ts";
import { parseReplayed, parseTail, type Replayed } from "../remote/tail.ts";
import { lossFile } from "./loss-kept.ts";
import type { HeldSite } from "./moves.ts";

const replaySeconds = 300;

/**
 * Puts rows that a failover lost back into the writer's database, where nothing speaks against it, from the newest tail
 * that this clone keeps. Null where it keeps none. Throws a UserError where the writer does not do it.
 */
export async function putBack(
  site: HeldSite,
  { writer, dryRun }: { writer: string; dryRun: boolean },
): Promise<Replayed | null> {
  const file = newestTail(site);
  if (file === null) return null;
  const { rows } = parseTail(readFileSync(file, "utf8"));
  const command = databaseCommand.replay({ rows, dryRun, deadlineSeconds: replaySeconds });
  const { stdout } = await onDatabase(site, {
    region: writer,
    command,
    timeoutMs: (replaySeconds + 5) * 1000,
    otherwise: { what: `the rows of ${file} could not be put back` },
  });
  return parseReplayed(stdout);
}

function newestTail(site: HeldSite): string | null {
  const folder = dirname(lossFile(site, "tail"));
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".tail.json"));
  } catch {
    return null;
  }
  const files = names.map((name) => join(folder, name));
  const at = (file: string) => statSync(file).mtimeMs;
  return files.sort((one, other) => at(other) - at(one))[0] ?? null;
}

/** For people: how many, and each row that stays out with the reason. */
export function replayedTable({ applied, already, conflicts }: Replayed): string {
  const head = `${applied} row(s) were put back, ${already} were there already, ${conflicts.length} stay out.\n`;
  if (conflicts.length === 0) return head;
  const rows = conflicts.map(({ tx, table: name, key, why }) => [tx, name, JSON.stringify(key), why]);
  return head + table(["Transaction", "Table", "Key", "Why not"], rows);
}
