import { setTimeout as delay } from "node:timers/promises";
import { exitCodes, UserError } from "../errors.ts";
import { databaseCommand } from "../remote/database.ts";
import { databaseHost, onDatabase } from "../remote/database-host.ts";
import type { RemoteCommand, RemoteResult } from "../remote/ssh.ts";
import { type LostTail, parseTail } from "../remote/tail.ts";
import { seedText } from "../rollout/seeds.ts";
import { say } from "../terminal.ts";
import { databaseFacts } from "./facts.ts";
import { lossReport, lossTable } from "./loss.ts";
import { keepLoss } from "./loss-kept.ts";
import type { HeldSite } from "./moves.ts";
import type { DatabaseFacts } from "./observation.ts";
import { type Method, type Return, returnOf } from "./returning.ts";

export interface ComeBack {
  region: string;
  /** The operator's choice; null: the gentlest that its history allows. */
  method: Method | null;
  note: (text: string) => void;
}

const askMs = 12_000;
const tailSeconds = 300;
const followSeconds = 120;
const rewindSeconds = 600;
const reseedSeconds = 3600;

/**
 * An old writer becomes a standby again (writer.md, W9), by the way that its history allows. What only it holds is shown
 * and kept first, on its host and in this clone. Returns the way with its reason. Throws a UserError.
 */
export async function comeBack(site: HeldSite, { region, method, note }: ComeBack): Promise<string> {
  const { facts, engine } = await hostFacts(site, region);
  if (facts.role === "unseeded") {
    await copying(site, region, databaseCommand.seed({ deadlineSeconds: reseedSeconds }), note);
    return "seed: it has no database of the site";
  }
  const tail = parseTail((await run(site, region, tailCommand(false), tailSeconds)).stdout);
  const way = method === null ? returnOf({ facts, engine, tail }) : chosen(method, tail, region);
  note(`${way.method}: ${way.reason}`);
  if (tail.range !== null) await keepTail(site, region, note);
  const { method: done, reason } = await goBack(site, { region, way, tail, facts, engine, note });
  return `${done}: ${reason}`;
}

/** How it would come back, and what would be given up; nothing is changed. */
export async function rehearse(site: HeldSite, region: string): Promise<void> {
  const { facts, engine } = await hostFacts(site, region);
  if (facts.role === "unseeded") return say(`${region} would be seeded: it has no database of the site.`);
  const tail = parseTail((await run(site, region, tailCommand(false), tailSeconds)).stdout);
  const { method, reason } = returnOf({ facts, engine, tail });
  say(`${region} would come back by ${method}: ${reason}.`);
  if (tail.range !== null) for (const line of lossTable(lossReport(tail))) say(line);
}

const tailCommand = (save: boolean) => databaseCommand.tail({ save, deadlineSeconds: tailSeconds });

/** An operator may choose a harder way than is needed, never a softer one than is allowed. */
function chosen(method: Method, tail: LostTail, region: string): Return {
  if (method !== "rejoin" || tail.range === null) return { method, reason: "as it was asked for" };
  throw new UserError({
    what: `${region} can't rejoin: it holds ${tail.transactions ?? "an unknown number of"} transactions that ${tail.region} lacks`,
    next: "leave --method out, or choose rewind or reseed",
    exitCode: exitCodes.refused,
    code: "no-rejoin",
  });
}

/** Told before anything of it is given up. */
async function keepTail(site: HeldSite, region: string, note: (text: string) => void): Promise<void> {
  const saved = parseTail((await run(site, region, tailCommand(true), tailSeconds)).stdout);
  for (const line of keepLoss(site, saved)) note(line);
  note(`${region} keeps its log of that in ${saved.saved}`);
}

async function goBack(
  site: HeldSite,
  on: {
    region: string;
    way: Return;
    tail: LostTail;
    facts: DatabaseFacts;
    engine: "mariadb" | "postgresql";
    note: (text: string) => void;
  },
): Promise<Return> {
  const { region, way, note } = on;
  switch (way.method) {
    case "rejoin":
      await run(site, region, databaseCommand.follow({ deadlineSeconds: followSeconds }), followSeconds);
      return way;
    case "rewind": {
      const command = databaseCommand.rewind({ deadlineSeconds: rewindSeconds });
      const timeoutMs = (rewindSeconds + 5) * 1000;
      const rewound = await onDatabase(site, { region, command, timeoutMs, mayRefuse: true });
      if (rewound.exitCode === 0) return way;
      const instead = returnOf({ ...on, noRewind: rewound.stderr.trim() });
      note(`${instead.method}: ${instead.reason}`);
      return await goBack(site, { ...on, way: instead });
    }
    case "reseed":
      await copying(site, region, databaseCommand.reseed({ deadlineSeconds: reseedSeconds }), note);
      return way;
  }
}

/** A copy of the whole database takes its time: what of it has arrived is told meanwhile. */
async function copying(
  site: HeldSite,
  region: string,
  command: RemoteCommand,
  note: (text: string) => void,
): Promise<void> {
  const over = new AbortController();
  const telling = tellCopy(site, region, note, over.signal);
  try {
    await run(site, region, command, reseedSeconds);
  } finally {
    over.abort();
    await telling;
  }
}

async function tellCopy(
  site: HeldSite,
  region: string,
  note: (text: string) => void,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    await delay(2000, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return;
    const { facts } = await databaseFacts(site.ssh, databaseHost(site.outputs, region), askMs);
    if (facts?.seeding) note(seedText(`${region}/database`, facts.seeding));
  }
}

async function hostFacts(
  site: HeldSite,
  region: string,
): Promise<{ facts: DatabaseFacts; engine: "mariadb" | "postgresql" }> {
  const { facts, why } = await databaseFacts(site.ssh, databaseHost(site.outputs, region), askMs);
  if (facts === null)
    throw new UserError({ what: `the database host of ${region} can't be asked`, why: why ?? "no answer" });
  return { facts, engine: site.config.engine };
}

async function run(
  site: HeldSite,
  region: string,
  command: RemoteCommand,
  seconds: number,
): Promise<RemoteResult> {
  return await onDatabase(site, { region, command, timeoutMs: (seconds + 5) * 1000 });
}
