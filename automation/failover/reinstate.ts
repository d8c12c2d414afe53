import { exitCodes, UserError } from "../errors.ts";
import { siteFlag } from "../options.ts";
import { writeResult } from "../output.ts";
import { requireRegion } from "../rollout/regions.ts";
import { siteConfig, sitePlace } from "../site.ts";
import { say, terminal } from "../terminal.ts";
import { rehearse } from "./come-back.ts";
import { type Held, withHeldSite } from "./held.ts";
import type { HeldSite, Moved, MovedSite } from "./moves.ts";
import type { Observation } from "./observation.ts";
import { epochOf, leftOf, onlyRows, type Row, rowsOf } from "./plan.ts";
import { putBack, replayedTable } from "./put-back.ts";
import { recordMove } from "./record.ts";
import type { Return } from "./returning.ts";
import { runRows } from "./run.ts";
import { approval, confirmMove, moveDocument, planLines, sayState, sayTaken } from "./tell.ts";
import { rightfulOf } from "./writers.ts";

export interface ReinstateArgs {
  site: string;
  region: string;
  dryRun: boolean;
  method: Return["method"] | null;
  /** Put back what a failover lost, where nothing speaks against it. */
  replayLost: boolean;
  approve: readonly string[];
  only: readonly string[];
  format: string;
  yes: boolean;
}

/** `evenkeel reinstate REGION`: what was the writer, and is not any more, becomes a standby again (writer.md, W9). */
export async function reinstate(args: ReinstateArgs): Promise<void> {
  const { region } = args;
  requireRegion(siteConfig(sitePlace(args.site)), region, (name) => `reinstate ${name}`);
  await withHeldSite({ ...args, command: `reinstate ${region}`, to: null }, async (held) => {
    const seen = await held.look();
    sayState("before", seen);
    const planned = planReinstatement(held, seen, region, args.method);
    const { writer } = planned;
    const rows = onlyRows(planned.rows, args.only);
    if (args.dryRun) {
      say(planLines(rows, seen));
      if (leftOf(rows, seen).some(({ name }) => name === "return")) await rehearse(held.site, region);
      if (args.replayLost) await sayPutBack(held.site, writer, true);
      return writeResult(moveDocument(args.format, held.site, { checks: [], rows, seen, moved: null }));
    }
    if (leftOf(rows, seen).length === 0) say(`${region} is a standby already: there is nothing to do.`);
    else await confirmMove({ ...args, terminal: terminal(), what: `make ${region} a standby of ${writer}` });
    const { moved, after } = await bringBack(held, { seen, rows, region, writer, approve: args.approve });
    if (args.replayLost) await sayPutBack(held.site, writer, false);
    sayState("after", after);
    sayTaken(moved);
    writeResult(moveDocument(args.format, held.site, { checks: [], rows, seen: after, moved }));
  });
}

export interface Reinstatement {
  rows: Row[];
  writer: string;
}

/** Throws a UserError (12) where no other region is the writer. */
export function planReinstatement(
  { site }: Held,
  seen: Observation,
  region: string,
  method: Return["method"] | null,
): Reinstatement {
  const rightful = rightfulOf(seen);
  if (rightful === null || rightful === region)
    throw new UserError({
      what:
        rightful === null
          ? "no region is active, so there is nobody to follow"
          : `${region} is the active region`,
      next: `npx evenkeel status${siteFlag(site.config.site)}`,
      exitCode: exitCodes.refused,
      code: "no-other-writer",
    });
  return { rows: rowsOf({ kind: "reinstate", region, writer: rightful, method }, seen), writer: rightful };
}

async function sayPutBack(site: HeldSite, writer: string, dryRun: boolean): Promise<void> {
  const replayed = await putBack(site, { writer, dryRun });
  if (replayed === null)
    say("This clone keeps nothing that a failover lost, so there is nothing to put back.");
  else say(`${dryRun ? "Would be: " : ""}${replayedTable(replayed).trimEnd()}`);
}

export async function bringBack(
  { look, site }: Held,
  options: {
    seen: Observation;
    rows: readonly Row[];
    region: string;
    writer: string;
    approve: readonly string[];
  },
): Promise<MovedSite> {
  const { seen, rows, region, writer, approve } = options;
  const steps = await runRows(site, rows, seen, { look, note: say, ...approval(approve) });
  const after = await look();
  const epoch = epochOf(after, writer);
  const moved: Moved = { kind: "reinstate", from: region, to: writer, epoch, steps, loss: null };
  await recordMove(site, moved, after);
  return { moved, after };
}
