import { exitCodes, UserError } from "../errors.ts";
import { interrupts } from "../interrupt.ts";
import { siteFlag } from "../options.ts";
import { deadlineIn, pauseMs, within } from "../remote/deadline.ts";
import { type Begun, beginAct, runAct } from "./act.ts";
import type { HeldSite, StepTaken } from "./moves.ts";
import type { Observation } from "./observation.ts";
import type { Row } from "./plan.ts";

export interface RunOptions {
  /** One look at the whole site. */
  look: () => Promise<Observation>;
  /** Tells a person what is being done; at a terminal or in a log. */
  note: (text: string) => void;
  /** Whether a person is asked before a step. */
  approves: (row: Row) => boolean;
  /** Asks where a person is to be asked; false stops the move there. */
  approve: (row: Row) => Promise<boolean>;
}

const lookAgainMs = 250;

/**
 * Does what is left of a move, row by row, and writes each into the journal. Throws a UserError (14) that names the step
 * and the command to run again where one fails: that one observes and plans anew.
 */
export async function runRows(
  held: HeldSite,
  rows: readonly Row[],
  seen: Observation,
  options: RunOptions,
): Promise<StepTaken[]> {
  const taken: StepTaken[] = [];
  let latest = seen;
  let begun: { row: Row; act: Begun } | null = null;
  for (const [i, row] of rows.entries()) {
    const why = row.skips?.(latest) ?? null;
    if (row.isDone(latest) || why !== null) {
      taken.push(passed(held, row, row.isDone(latest) ? null : why));
      continue;
    }
    interrupts().check();
    if (!(await options.approve(row))) throw stopped(held, row);
    begun ??= await beginAhead(held, rows.slice(i), { latest, ...options });
    const own = begun?.row === row ? begun.act : null;
    const step = await takeStep(held, row, { ...options, begun: own });
    taken.push(step.taken);
    latest = step.seen ?? latest;
  }
  return taken;
}

/** How long a host may take to make ready before nobody waits for that any more. */
const readyMs = 2000;

/** What closes the old writer: the promotion makes ready before it. */
const closing: readonly Row["act"]["do"][] = ["hold", "demote"];

/**
 * A row that may be begun before the rows in front of it are done, where only the old writer's closing is in front of it:
 * visitors wait from then on, and what can be done before that is done before.
 */
async function beginAhead(
  held: HeldSite,
  rows: readonly Row[],
  { latest, note, approves }: { latest: Observation } & RunOptions,
): Promise<{ row: Row; act: Begun } | null> {
  const at = rows.findIndex(({ act }) => !closing.includes(act.do));
  const [row, before] = [rows[at], rows.slice(0, at)];
  const closes = before.some(({ act }) => act.do === "demote");
  if (row?.ahead !== true || !closes || row.isDone(latest)) return null;
  // Nobody is asked with visitors waiting, and nothing is begun that a person may yet refuse.
  if ([...before, row].some(approves)) return null;
  const act = beginAct(held, row, note);
  // Taken when its turn comes; a failure before that is told then.
  act.ended.catch(() => undefined);
  await within(act.ready, deadlineIn(readyMs), () => new Error("late")).catch(() => undefined);
  return { row, act };
}

/** A row that is done already, or, with the reason, one that is skipped. */
function passed(held: HeldSite, { name, region, why }: Row, skipped: string | null): StepTaken {
  const now = Date.now();
  const outcome = skipped === null ? "already" : "skipped";
  const line = { event: "step", command: held.command, detail: name, region } as const;
  held.journal.write({ ...line, why: skipped ?? why, state: outcome });
  return { name, region, why, startedMs: now, endedMs: now, outcome, note: skipped };
}

async function takeStep(
  held: HeldSite,
  row: Row,
  { look, note, begun }: RunOptions & { begun: Begun | null },
): Promise<{ taken: StepTaken; seen: Observation | null }> {
  const { name, region, why } = row;
  const line = { event: "step", command: held.command, detail: name, region } as const;
  const startedMs = Date.now();
  const seconds = () => Math.round(Date.now() - startedMs) / 1000;
  held.journal.write({ ...line, state: "begun", why });
  note(`${name} ${region}: ${why} ...`);
  const done = (outcome: StepTaken["outcome"], words: string | null): StepTaken => {
    note(`${name} ${region}: ${words ?? outcome} (${seconds()} s)`);
    return { name, region, why, startedMs, endedMs: Date.now(), outcome, note: words };
  };
  try {
    const words = await actOn(held, row, { begun, note });
    const seen = row.act.do === "wait" ? await awaitDone(row, look) : null;
    held.journal.write({
      ...line,
      state: "done",
      seconds: seconds(),
      ...(words === null ? {} : { why: words }),
    });
    return { taken: done("done", words), seen };
  } catch (error) {
    const words =
      error instanceof UserError ? [error.what, error.why].filter(Boolean).join(": ") : String(error);
    held.journal.write({ ...line, state: "failed", seconds: seconds(), why: words });
    if (row.mayFail && error instanceof UserError) return { taken: done("failed", words), seen: null };
    note(`${name} ${region}: failed (${seconds()} s)`);
    throw failed(held, row, error);
  }
}

/** What was begun ahead may have given up waiting: then it is done now. A bug is none of that, nor is a person's stop. */
async function actOn(
  held: HeldSite,
  row: Row,
  { begun, note }: Pick<RunOptions, "note"> & { begun: Begun | null },
): Promise<string | null> {
  if (begun === null) return await runAct(held, row, note);
  try {
    return await begun.ended;
  } catch (error) {
    if (!(error instanceof UserError) || error.code === "interrupted") throw error;
    return await runAct(held, row, note);
  }
}

/** What keepers and balancers do by themselves: looked at until it is so. */
export async function awaitDone(row: Row, look: () => Promise<Observation>): Promise<Observation> {
  const deadline = Date.now() + row.deadlineSeconds * 1000;
  for (;;) {
    const seen = await look();
    if (row.isDone(seen)) return seen;
    if (Date.now() > deadline)
      throw new UserError({ what: `it did not come about within ${row.deadlineSeconds} s` });
    await pauseMs(lookAgainMs);
  }
}

function stopped(held: HeldSite, { name, region }: Row): UserError {
  return new UserError({
    what: `stopped before ${name} ${region}, which was not approved`,
    next: again(held),
    exitCode: exitCodes.resumable,
    code: "not-approved",
  });
}

function failed(held: HeldSite, { name, region }: Row, cause: unknown): unknown {
  if (!(cause instanceof UserError) || cause.code === "interrupted") return cause;
  return new UserError({
    what: `${name} ${region} failed: ${cause.what}`,
    ...(cause.why === undefined ? {} : { why: cause.why }),
    next: again(held),
    exitCode: exitCodes.resumable,
    code: "step-failed",
    cause,
  });
}

const again = ({ command, config }: HeldSite) =>
  `npx evenkeel ${command}${siteFlag(config.site)}, which plans anew from what it finds`;
