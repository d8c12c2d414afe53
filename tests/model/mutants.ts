import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Durability } from "../../automation/keeper/store.ts";
import { hosts } from "./mutants/hosts.ts";
import { leases } from "./mutants/lease.ts";
import { sets } from "./mutants/sync-set.ts";
import type { HostRule, Keeper } from "./world/options.ts";

/** A rule that is taken out: of the keeper's own text, or of what the hosts do. */
export interface Mutant {
  rule: string;
  /** Each `find` stands exactly once in the keeper's files. */
  text?: readonly { find: string; put: string }[];
  hosts?: readonly HostRule[];
  /** Of the sites that random schedules are played on; `bounded`, where nothing else is said. */
  durability?: Durability;
  /** Other rules do what it does: nothing shows that it is missing. The sentence says which ones. */
  behind?: string;
}

export const mutants: readonly Mutant[] = [...leases, ...sets, ...hosts];

const files = [
  "decide.ts",
  "opening.ts",
  "seen.ts",
  "state.ts",
  "store.ts",
  "sync-set.ts",
  "turn.ts",
] as const;

/** The keeper without the rule. Throws where the text that makes it is not there exactly once. */
export async function keeperWithout(mutant: Mutant, source: string): Promise<Keeper> {
  const texts = new Map(files.map((file) => [file as string, readFileSync(join(source, file), "utf8")]));
  for (const edit of mutant.text ?? []) change(texts, edit);
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-mutant-"));
  try {
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    for (const [file, text] of texts) writeFileSync(join(folder, file), text);
    const load = async (file: string) => await import(pathToFileURL(join(folder, file)).href);
    return {
      decide: (await load("decide.ts")).decide,
      transactionOf: (await load("store.ts")).transactionOf,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function change(texts: Map<string, string>, { find, put }: { find: string; put: string }): void {
  const [only, ...more] = [...texts].filter(([, text]) => text.includes(find));
  if (only === undefined || more.length > 0 || only[1].split(find).length !== 2)
    throw new Error(`not there exactly once: ${find}`);
  texts.set(
    only[0],
    only[1].replace(find, () => put),
  );
}
