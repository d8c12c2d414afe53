import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readIfThere } from "../../automation/site/durable.ts";
import { home } from "../lab/support/cli.ts";
import { type Findings, type Kept, type PartName, withPart } from "./page.ts";

const file = join(home, "docs/soak.md");

/** Writes what a part found so far to docs/soak.md, in place of what its last run did. */
export function keep<Name extends PartName>(part: Name, kept: Kept<Findings[Name]>): void {
  writeFileSync(file, withPart(readIfThere(file), part, kept));
}
