import type { Moved } from "../failover/moves.ts";
import type { Fault } from "../lab/faults.ts";
import { type Verdict, verdict } from "../verify/document.ts";
import type { DrillStep } from "./document.ts";
import type { Turn } from "./figures.ts";
import type { Phase } from "./outages.ts";
import type { DrillClient, DrillKind, DrillParts, LossSeen } from "./parts.ts";
import { waitForAcknowledged, waitUntilSettled, waitUntilSteady } from "./waits.ts";

/** The link stays cut for so long: longer than a bounded commit waits and than a lease lasts. */
export const linkCutMs = 10_000;

export interface RoundPlan {
  kind: DrillKind;
  /** The writer at the start, to whom the site comes back. */
  active: string;
  target: string;
  /** Where `failback` leads; another region is gone back to by a switchover. */
  preferred: string;
  acceptLoss: number | "any";
}

/** What one round did, filled as it goes: what was seen before a failure counts too. */
export interface RoundRecord {
  phases: Phase[];
  turns: Turn[];
  steps: DrillStep[];
  /** In force now, and to be taken back whatever happens. */
  fault: Fault | null;
  rows: Verdict | null;
  /** Rows that differ in the end; null where that is not known. */
  differences: number | null;
  loss: LossSeen | null;
}

export const emptyRecord = (): RoundRecord => ({
  phases: [],
  turns: [],
  steps: [],
  fault: null,
  rows: null,
  differences: null,
  loss: null,
});

/** What a kind of fault is answered with: where the database lives the writer is asked to hand over, else it is taken. */
const answers: Readonly<Record<Exclude<DrillKind, "link" | "switchover">, "failover" | "switchover">> = {
  region: "failover",
  database: "failover",
  balancer: "failover",
  web: "switchover",
};

/** One time there and back. Throws where a step does; `record` then has all that happened, the fault that stands too. */
export async function runRound(
  parts: DrillParts,
  client: DrillClient,
  plan: RoundPlan,
  record: RoundRecord,
): Promise<void> {
  const round = { parts, client, plan, record };
  await step(round, "wait for steady orders", () => waitUntilSteady(parts, client));
  switch (plan.kind) {
    case "link":
      await breakLink(round);
      break;
    case "switchover":
      await moveThere(round, "switchover");
      await comeBack(round);
      break;
    default:
      await breakAndMove(round, plan.kind);
      await comeBack(round);
  }
}

/** Behind the client's end: a row that is written on and on could not be compared. */
export async function compareBehind(parts: DrillParts, record: RoundRecord): Promise<void> {
  await step({ parts, record }, "compare all rows", () => compareRows({ parts, record }));
}

interface Round {
  parts: DrillParts;
  client: DrillClient;
  plan: RoundPlan;
  record: RoundRecord;
}

async function breakLink(round: Round): Promise<void> {
  const { parts, client, plan } = round;
  await inject(round, { kind: "link", region: plan.active });
  await step(round, `leave the link cut for ${linkCutMs / 1000} s`, async () => {
    await parts.clock.sleep(linkCutMs);
    return null;
  });
  await takeBack(round);
  await step(round, "wait until the site is protected", () => waitUntilSettled(parts, client, plan.active));
}

async function breakAndMove(round: Round, kind: keyof typeof answers): Promise<void> {
  const { parts, plan } = round;
  await inject(round, { kind, region: plan.active });
  const answer = answers[kind];
  await moveThere(round, answer);
  await takeBack(round);
  if (answer !== "failover") return;
  await move(round, "reinstate", () => parts.moves.reinstate(plan.active));
  const { lossReport } = parts;
  if (lossReport === null) return;
  // Only the old writer knows what it held beyond the new one.
  await step(round, "read the loss report", async () => {
    round.record.loss = await lossReport();
    return round.record.loss?.text ?? "nothing was lost";
  });
}

/** To the target by the move that fits, until it has acknowledged an order. */
async function moveThere(round: Round, by: "failover" | "switchover"): Promise<void> {
  const { parts, client, plan, record } = round;
  const { moves } = parts;
  const sinceMs = parts.clock.now();
  if (record.phases.length === 0) record.phases.push({ name: by, planned: true, fromMs: sinceMs });
  record.turns.push({ region: plan.target, commandedMs: sinceMs });
  await move(round, by, () =>
    by === "failover"
      ? moves.failover(plan.target, { acceptLoss: plan.acceptLoss })
      : moves.switchover(plan.target),
  );
  await step(round, "wait for an acknowledged order", () =>
    waitForAcknowledged(parts, client, { region: plan.target, sinceMs }),
  );
}

async function comeBack(round: Round): Promise<void> {
  const { parts, client, plan, record } = round;
  const { moves } = parts;
  await step(round, "wait until the site is protected", () => waitUntilSettled(parts, client, plan.target));
  const sinceMs = parts.clock.now();
  record.phases.push({ name: "failback", planned: true, fromMs: sinceMs });
  record.turns.push({ region: plan.active, commandedMs: sinceMs });
  if (plan.active === plan.preferred) await move(round, "failback", () => moves.failback());
  else await move(round, "switchover", () => moves.switchover(plan.active));
  await step(round, "wait for an acknowledged order", () =>
    waitForAcknowledged(parts, client, { region: plan.active, sinceMs }),
  );
  await step(round, "wait until the site is protected", () => waitUntilSettled(parts, client, plan.active));
}

async function inject(round: Round, fault: Fault): Promise<void> {
  const { parts, record } = round;
  await step(round, `inject the fault: ${fault.kind} of ${fault.region}`, async () => {
    // Noted first: one that was injected by half is taken back as well.
    record.fault = fault;
    record.phases.push({ name: `fault (${fault.kind})`, planned: false, fromMs: parts.clock.now() });
    await parts.fault.inject(fault);
    return null;
  });
}

async function takeBack(round: Round): Promise<void> {
  await step(round, "take the fault back", async () => {
    await undoStanding(round.parts, round.record);
    return null;
  });
}

/** Takes back what stands; does nothing where nothing does. */
export async function undoStanding(parts: DrillParts, record: RoundRecord): Promise<void> {
  if (record.fault === null) return;
  await parts.fault.undo(record.fault);
  record.fault = null;
}

async function compareRows({ parts, record }: Pick<Round, "parts" | "record">): Promise<string> {
  const document = await parts.verify();
  record.rows = verdict(document);
  const found = document.standbys.reduce((sum, { differences }) => sum + differences.length, 0);
  // What only the history shows is a difference too, though no row of it is named.
  record.differences = record.rows === "unknown" ? null : record.rows === "equal" ? 0 : Math.max(1, found);
  return `rows are ${record.rows}`;
}

/** A move, with its own steps among the drill's. */
async function move(round: Round, kind: Moved["kind"], make: () => Promise<Moved>): Promise<void> {
  const { parts, record } = round;
  parts.checkInterrupt();
  parts.say(`${kind} ...`);
  const startedMs = parts.clock.now();
  try {
    const moved = await make();
    record.steps.push(...moved.steps.map((one) => ({ ...one, of: kind })));
  } catch (error) {
    const endedMs = parts.clock.now();
    const note = (error as Error).message;
    const why = "the drill gives the command";
    record.steps.push({
      of: kind,
      name: kind,
      region: null,
      why,
      startedMs,
      endedMs,
      outcome: "failed",
      note,
    });
    throw error;
  }
}

async function step(
  { parts, record }: Pick<Round, "parts" | "record">,
  name: string,
  work: () => Promise<string | null>,
): Promise<void> {
  parts.checkInterrupt();
  parts.say(`${name} ...`);
  const startedMs = parts.clock.now();
  parts.note({ name, state: "begun" });
  const keep = (outcome: "done" | "failed", note: string | null) => {
    const endedMs = parts.clock.now();
    const why = "the order of the drill";
    record.steps.push({ of: "drill", name, region: null, why, startedMs, endedMs, outcome, note });
    const seconds = Math.round(endedMs - startedMs) / 1000;
    parts.note({ name, state: outcome, seconds, ...(note === null ? {} : { why: note }) });
  };
  try {
    keep("done", await work());
  } catch (error) {
    keep("failed", (error as Error).message);
    throw error;
  }
}
