import { exitCodes, UserError } from "../errors.ts";
import { siteFlag } from "../options.ts";
import { writeResult } from "../output.ts";
import { askTyped, refuseUnconfirmed } from "../rollout/confirm.ts";
import { requireRegion } from "../rollout/regions.ts";
import { siteConfig, sitePlace } from "../site.ts";
import { say, terminal } from "../terminal.ts";
import {
  type Check,
  failoverChecks,
  type LossEstimate,
  lossEstimate,
  type Proof,
  proofOf,
} from "./checks.ts";
import { cooldownOf } from "./cooldown.ts";
import { type Held, withHeldSite } from "./held.ts";
import type { Moved, MovedSite } from "./moves.ts";
import type { Observation } from "./observation.ts";
import { epochOf, keysOf, onlyRows, type Row, rowsOf } from "./plan.ts";
import { recordMove } from "./record.ts";
import { runRows } from "./run.ts";
import { approval, checkLines, moveDocument, planLines, sayState, sayTaken } from "./tell.ts";
import { rightfulOf } from "./writers.ts";

export interface FailoverArgs {
  site: string;
  to: string;
  /** Rows that may be lost; "any": also where nobody can tell. */
  acceptLoss: number | "any";
  /** Regions whose database machine the operator says is off. */
  confirmedOff: readonly string[];
  dryRun: boolean;
  approve: readonly string[];
  only: readonly string[];
  format: string;
  yes: boolean;
  confirm?: string | undefined;
}

/** `evenkeel failover --to REGION`: the active region is gone. What proves it, and what is lost, is said first. */
export async function failover(args: FailoverArgs): Promise<void> {
  const { to, confirm: given, yes } = args;
  const config = siteConfig(sitePlace(args.site));
  requireRegion(config, to, (name) => `failover --to ${name}`);
  for (const region of args.confirmedOff)
    requireRegion(config, region, (name) => `failover --confirmed-off ${name}`);
  const question = { name: to, given, flag: "--confirm", yes, terminal: terminal() };
  if (!args.dryRun) refuseUnconfirmed(question);
  const options = { ...args, command: `failover --to ${to}`, scope: "writers" } as const;
  await withHeldSite(options, async (held) => {
    const seen = await held.look("writers");
    sayState("before", seen);
    refuseCooling(held, seen);
    const plan = planFailover(held, seen, args);
    say(checkLines(plan.checks));
    if (args.dryRun) say(planLines(plan.rows, seen));
    refuseUnproved(held, plan, args);
    const { checks, rows } = plan;
    if (args.dryRun)
      return writeResult(moveDocument(args.format, held.site, { checks, rows, seen, moved: null }));
    await askTyped({ ...question, consequence: consequenceOf(plan, to) });
    const { moved, after } = await takeOver(held, { seen, plan, to, approve: args.approve });
    sayState("after", after);
    sayTaken(moved);
    writeResult(moveDocument(args.format, held.site, { checks, rows, seen: after, moved }));
  });
}

export interface FailoverPlan {
  from: string | null;
  rows: Row[];
  checks: Check[];
  proof: Proof | null;
  loss: LossEstimate;
}

export function planFailover(
  held: Held,
  seen: Observation,
  args: Pick<FailoverArgs, "to" | "acceptLoss" | "confirmedOff" | "only">,
): FailoverPlan {
  const { to, confirmedOff } = args;
  const from = lostRegion(held, seen, to);
  const wish = { from, to, confirmedOff };
  const proof = proofOf(seen, wish);
  const loss = lossEstimate(seen, wish);
  const byForce = proof !== null && proof.is !== "lease";
  const off = proof?.is === "machine" && from !== null ? [...new Set([...confirmedOff, from])] : confirmedOff;
  const all = rowsOf({ kind: "failover", from, to, byForce, confirmedOff: off }, seen);
  const rows = onlyRows(all, args.only);
  return {
    from,
    rows,
    checks: failoverChecks(seen, { to, proof, loss, acceptLoss: args.acceptLoss }),
    proof,
    loss,
  };
}

/** The region that was the writer, as etcd knows it; a healthy one is no case for a failover. */
function lostRegion({ site }: Held, seen: Observation, to: string): string | null {
  const flag = siteFlag(site.config.site);
  const rightful = rightfulOf(seen);
  const writer = keysOf(seen)?.writer?.region ?? null;
  if (rightful === to && seen.thirdPlace?.servesWrites === true)
    throw refused(`${to} is active already`, `npx evenkeel status${flag}`);
  const from = writer !== null && writer !== to ? writer : (rightful ?? seen.seenWriter?.region ?? null);
  if (from === to) return null;
  const region = seen.regions.find(({ name }) => name === from);
  if (rightful === from && region?.http.active === true)
    throw refused(
      `${from} is active and well, so nothing has failed`,
      `npx evenkeel switchover --to ${to}${flag} moves the site without loss`,
    );
  return from;
}

export function refuseUnproved({ site }: Held, plan: FailoverPlan, { to }: Pick<FailoverArgs, "to">): void {
  const failed = plan.checks.filter(({ ok }) => !ok);
  if (failed.length === 0) return;
  const flag = siteFlag(site.config.site);
  const names = failed.map(({ name }) => name);
  const hints = [
    ...(names.includes("proof")
      ? [
          `where the machine of ${plan.from}'s database is off for certain: npx evenkeel failover --to ${to} --confirmed-off ${plan.from}${flag}`,
        ]
      : []),
    ...(names.includes("loss")
      ? [`to go on without what ${to} lacks: --accept-loss ${plan.loss.rows ?? "any"}`]
      : []),
  ];
  throw new UserError({
    what: `${to} can't take over now; nothing was changed`,
    why: failed.map(({ name, found }) => `${name}: ${found}`).join("\n"),
    next: hints.length > 0 ? hints.join("\n") : `npx evenkeel status${flag}`,
    exitCode: exitCodes.refused,
    code: "precheck",
  });
}

function consequenceOf({ from, proof, loss }: FailoverPlan, to: string): string {
  const rows = loss.rows === null ? "an unknown number of rows" : `${loss.rows} row(s)`;
  return `This lets ${to} be the writer instead of ${from ?? "nobody"}, and loses ${rows}. Proof: ${proof?.words}.`;
}

export async function takeOver(
  held: Held,
  {
    seen,
    plan,
    to,
    approve,
  }: { seen: Observation; plan: FailoverPlan; to: string; approve: readonly string[] },
): Promise<MovedSite> {
  const { site } = held;
  const look = () => held.look("writers");
  const steps = await runRows(site, plan.rows, seen, { look, note: say, ...approval(approve) });
  const after = await look();
  const loss = { rows: plan.loss.rows, seconds: null };
  const moved: Moved = { kind: "failover", from: plan.from, to, epoch: epochOf(after, to), steps, loss };
  await recordMove(site, moved, after);
  return { moved, after };
}

/** Behind a failover another one would be flapping, until a person has looked (exit 13). */
function refuseCooling({ site }: Held, seen: Observation): void {
  const keys = keysOf(seen);
  if (keys === null) return;
  const { cooldownSeconds } = site.config;
  const { coolingDown, until, last } = cooldownOf(keys, { cooldownSeconds, now: new Date() });
  if (!coolingDown) return;
  throw new UserError({
    what: `the site failed over to ${last?.to} at ${last?.at}, and is cooling down`,
    why: `until ${until?.toISOString() ?? "it is acknowledged"} another failover may be flapping; look first at why the last one was needed`,
    next: `npx evenkeel ack${siteFlag(site.config.site)}, then the same command again`,
    exitCode: exitCodes.locked,
    code: "cooling-down",
  });
}

function refused(what: string, next: string): UserError {
  return new UserError({ what, next, exitCode: exitCodes.refused, code: "nothing-failed" });
}
