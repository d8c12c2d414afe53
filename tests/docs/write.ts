import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { statesPage, withMoves } from "./states.ts";

/** `npm run states`: writes docs/states.md and the run-book's part on moves from the table of moves. */
const docs = join(import.meta.dirname, "../../docs");
const runbook = join(docs, "runbook.md");
writeFileSync(join(docs, "states.md"), statesPage());
writeFileSync(runbook, withMoves(readFileSync(runbook, "utf8")));
