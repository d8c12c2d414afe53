import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readIfThere, replaceFile } from "../../automation/site/durable.ts";
import { home } from "../lab/support/cli.ts";
import { type Findings, type Kept, type PartName, page } from "./page.ts";

/** Beside the results of `npm test`; ignored by git. */
const folder = join(home, ".evenkeel/tests");

function fileOf(part: PartName): string {
  return join(folder, `soak-${part}.json`);
}

/** Keeps what a part found so far in place of what its last run did, and writes docs/soak.md from all that is kept. */
export function keep<Name extends PartName>(part: Name, kept: Kept<Findings[Name]>): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  replaceFile(fileOf(part), `${JSON.stringify(kept, null, 1)}\n`);
  const results = { shapes: read("shapes"), newcomer: read("newcomer"), interrupts: read("interrupts") };
  writeFileSync(join(home, "docs/soak.md"), page(results));
}

function read<Name extends PartName>(part: Name): Kept<Findings[Name]> | null {
  const text = readIfThere(fileOf(part));
  return text === null ? null : (JSON.parse(text) as Kept<Findings[Name]>);
}
