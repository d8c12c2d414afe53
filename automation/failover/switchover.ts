import { exitCodes, UserError } from "../errors.ts";
import { siteFlag } from "../options.ts";
import { writeResult } from "../output.ts";
import { askDatabases } from "../rollout/answers.ts";
import { requireRegion } from "../rollout/regions.ts";
import { resumeRegion } from "../rollout/resume.ts";
import { siteConfig, sitePlace } from "../site.ts";
import { say, terminal } from "../terminal.ts";
import type { Unsettled } from "../verify/model.ts";
import { releaseHold } from "./act.ts";
import { type Check, type SwitchoverWish, switchoverChecks } from "./checks.ts";
import { askCounterparts, counterpartChecks } from "./counterparts.ts";
import { type Held, withHeldSite } from "./held.ts";
import type { HeldSite, Moved, MovedSite } from "./moves.ts";
import type { Observation } from "./observation.ts";
import { epochOf, isClosed, keysOf, leftOf, onlyRows, type Row, rowsOf, withComparison } from "./plan.ts";
import { recordMove } from "./record.ts";
import { awaitDone, runRows } from "./run.ts";
import { approval, checkLines, confirmMove, moveDocument, planLines, sayState, sayTaken } from "./tell.ts";
import { rightfulOf } from "./writers.ts";

export interface SwitchoverArgs {
  site: string;
  to: string;
  maxLagSeconds: number;
  dryRun: boolean;
  /** Stop before these steps until a person says go on. */
  approve: readonly string[];
  /** Only these steps; empty: all that are left. */
  only: readonly string[];
  format: string;
  yes: boolean;
}

/** `evenkeel switchover --to REGION`: both regions are up, and nothing is lost. */
export async function switchover(args: SwitchoverArgs): Promise<void> {
  await switchSite(args, { kind: "switchover" });
}

export interface SwitchKind {
  kind: Switch["kind"];
  /** Proves what is to be so before anything is touched, while both regions run; what it leaves is compared behind the closing. */
  prove?: (site: HeldSite) => Promise<Unsettled[]>;
}

/** The checks, the plan, and, where this is no dry run, the proof and the steps. */
export async function switchSite(args: SwitchoverArgs, { kind, prove }: SwitchKind): Promise<void> {
  const { to } = args;
  requireRegion(siteConfig(sitePlace(args.site)), to, (name) => `switchover --to ${name}`);
  const command = kind === "switchover" ? `switchover --to ${to}` : kind;
  await withHeldSite({ ...args, command }, async (held) => {
    let seen = await held.look();
    sayState("before", seen);
    const from = activeRegion(held, seen, to);
    let rows = onlyRows(rowsOf({ kind: "switchover", from, to }, seen), args.only);
    const checks = await checkSwitch(held, seen, { from, to, maxLagSeconds: args.maxLagSeconds });
    say(checkLines(checks));
    if (args.dryRun) say(planLines(rows, seen));
    refuseFailed(held, checks, to);
    if (args.dryRun)
      return writeResult(moveDocument(args.format, held.site, { checks, rows, seen, moved: null }));
    let left: Unsettled[] = [];
    if (leftOf(rows, seen).length === 0) say(`${to} is active already: there is nothing to do.`);
    else {
      await confirmMove({ ...args, terminal: terminal(), what: `move the site from ${from} to ${to}` });
      if (prove !== undefined && proofIsDue(rows, seen, to)) {
        // An earlier run was cut behind the closing: visitors don't wait for a proof that takes minutes.
        if (await giveWritesBack(held, { from, to })) {
          seen = await followsAgain(held, seen, { from, to });
          rows = onlyRows(rowsOf({ kind: "switchover", from, to }, seen), args.only);
        }
        left = await prove(held.site);
      }
    }
    const { moved, after } = await carryOut(held, {
      kind,
      seen,
      rows,
      left,
      from,
      to,
      approve: args.approve,
    });
    sayState("after", after);
    sayTaken(moved);
    writeResult(moveDocument(args.format, held.site, { checks, rows, seen: after, moved }));
  });
}

const followsSeconds = 60;

/** Cut off by the closing, the standby comes back by itself to a writer that is open again. */
async function followsAgain(
  { look }: Held,
  seen: Observation,
  { from, to }: { from: string; to: string },
): Promise<Observation> {
  say(`Waiting until ${to} follows ${from} again ...`);
  let latest = seen;
  for (const row of rowsOf({ kind: "reinstate", region: to, writer: from, method: null }, seen))
    latest = await awaitDone({ ...row, deadlineSeconds: followsSeconds }, look);
  return latest;
}

/** A run that was cut behind the new writer's lease has made it, and can't make it any more. */
export function proofIsDue(rows: readonly Row[], seen: Observation, to: string): boolean {
  const opens = leftOf(rows, seen).some(({ name }) => name === "demote" || name === "promote");
  return opens && epochOf(seen, to) === null;
}

/** All checks of a switchover. How both regions are built counts before it begins: then the way out is to end it. */
export async function checkSwitch({ site }: Held, seen: Observation, wish: SwitchoverWish): Promise<Check[]> {
  const { from, to } = wish;
  const checks = switchoverChecks(seen, wish);
  if (isClosed(seen, from)) return checks;
  return [...checks, ...counterpartChecks(await askCounterparts(site, [from, to]), to)];
}

export interface Switch {
  kind: "switchover" | "failback";
  seen: Observation;
  rows: readonly Row[];
  /** What is compared behind the closing. */
  left: readonly Unsettled[];
  from: string;
  to: string;
  approve: readonly string[];
}

/** The steps; where they stop before the new writer has the lease, the old one gets its writes back. */
export async function carryOut(
  held: Held,
  { kind, seen, rows, left, from, to, approve }: Switch,
): Promise<MovedSite> {
  const { look, site } = held;
  const options = { look, note: say, ...approval(approve) };
  try {
    const steps = await runRows(site, withComparison(rows, left, { from, to }), seen, options);
    const after = await look();
    const moved: Moved = { kind, from, to, epoch: epochOf(after, to), steps, loss: null };
    await recordMove(site, moved, after);
    return { moved, after };
  } catch (error) {
    // Whoever waits at the edge goes on by itself in the end.
    await releaseHold(site).catch(() => undefined);
    await giveWritesBack(held, { from, to }).catch((cause: unknown) => {
      say(
        `${from} could not be given its writes back: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
    });
    throw error;
  }
}

/** Only where nobody has the lease: whoever has it opens, or gives it back by itself. Whether it was given. */
async function giveWritesBack(
  { look, site }: Held,
  { from, to }: { from: string; to: string },
): Promise<boolean> {
  const seen = await look();
  const rightful = rightfulOf(seen);
  const claimed = epochOf(seen, to);
  // Its database has failed since its keeper was granted the lease.
  if (claimed !== null && rightful !== to)
    say(`${to} has the lease (epoch ${claimed}) and opens when its database can; ${from} stays closed.`);
  if (rightful !== null || !isClosed(seen, from) || keysOf(seen)?.writer !== null) return false;
  say(`Nobody has the lease: ${from} is given its writes back ...`);
  const answers = await askDatabases(site.ssh, site.outputs);
  const epoch = answers[from]?.facts?.epoch ?? 0;
  const { config, ssh, outputs } = site;
  await resumeRegion({ site: config.site, ssh, outputs, region: from, answers, epoch });
  say(`${from} accepts writes again.`);
  return true;
}

/** The region that the site moves away from: the writer, or the one that an earlier run has closed. */
export function activeRegion({ site }: Held, seen: Observation, to: string): string {
  const rightful = rightfulOf(seen);
  if (rightful !== null && rightful !== to) return rightful;
  const others = seen.regions.map(({ name }) => name).filter((name) => name !== to);
  if (rightful === to && others.length === 1) return others[0] as string;
  const closed = others.filter((name) => isClosed(seen, name));
  const [only] = closed;
  if (only !== undefined && closed.length === 1) return only;
  throw new UserError({
    what: "no region is active, so there is nothing to switch from",
    next: `npx evenkeel status${siteFlag(site.config.site)} names what is wrong; where the active region is gone: npx evenkeel failover --to ${to}${siteFlag(site.config.site)}`,
    exitCode: exitCodes.refused,
    code: "no-active-region",
  });
}

export function refuseFailed({ site }: Held, checks: readonly Check[], to: string): void {
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length === 0) return;
  throw new UserError({
    what: `the site can't be moved to ${to} now; nothing was changed`,
    why: failed.map(({ name, found }) => `${name}: ${found}`).join("\n"),
    next: `npx evenkeel status${siteFlag(site.config.site)}`,
    exitCode: exitCodes.refused,
    code: "precheck",
  });
}
