import type { Durability } from "../keeper/store.ts";
import type { Observation } from "./observation.ts";
import { factsOf, isClosed, keysOf, regionOf } from "./plan.ts";

/** One thing that a move needs, as it was found. */
export interface Check {
  name: string;
  ok: boolean;
  /** What was found, or why it is not enough. */
  found: string;
}

const check = (name: string, ok: boolean, found: string): Check => ({ name, ok, found });

export interface SwitchoverWish {
  from: string;
  to: string;
  maxLagSeconds: number;
}

/**
 * What a switchover wants before anything is touched: a lag that is looked at behind the fence leaves a site closed that
 * need not have been. Where the old writer is closed already, an earlier run came past these, and only the rest counts.
 */
export function switchoverChecks(seen: Observation, { from, to, maxLagSeconds }: SwitchoverWish): Check[] {
  const begun = isClosed(seen, from);
  return [
    ...quorumChecks(seen),
    databaseCheck(seen, to),
    syncCheck(seen, to),
    ...(begun ? [] : [lagCheck(seen, to, maxLagSeconds)]),
    webCheck(seen, to),
    versionsCheck(seen, from, to),
  ];
}

/** etcd tells who may write; without a majority nobody is given the lease. */
function quorumChecks(seen: Observation): Check[] {
  const members = seen.etcd?.members ?? [];
  const well = members.filter(({ state }) => state === "well").length;
  const known = keysOf(seen) !== null;
  return [
    check(
      "quorum",
      known,
      known ? `${well} of ${members.length} members of etcd answer` : "etcd gives no answer with a majority",
    ),
  ];
}

function databaseCheck(seen: Observation, to: string): Check {
  const facts = factsOf(seen, to);
  if (facts === null) {
    return check(
      "database",
      false,
      `${to} can't be asked: ${regionOf(seen, to)?.database.why ?? "no answer"}`,
    );
  }
  const claimed = facts.role === "active" && keysOf(seen)?.writer?.region === to;
  if (claimed) return check("database", true, `${to} has the lease already`);
  if (facts.role !== "standby") return check("database", false, `${to} is ${facts.role}, not a standby`);
  if (!facts.running) return check("database", false, `the database of ${to} does not run`);
  if (facts.replicationError !== null)
    return check("database", false, `${to} does not apply: ${facts.replicationError}`);
  return check("database", true, `${to} is a standby that runs`);
}

function syncCheck(seen: Observation, to: string): Check {
  const keys = keysOf(seen);
  if (keys === null) return check("sync set", false, "unknown");
  const held = keys.sync?.join(" and ") ?? "nobody";
  const ok = keys.sync?.includes(to) === true;
  const why = ok ? "" : `, so ${to} may lack something that was acknowledged`;
  return check("sync set", ok, `held by ${held}${why}`);
}

function lagCheck(seen: Observation, to: string, maxLagSeconds: number): Check {
  const lag = factsOf(seen, to)?.lagSeconds ?? null;
  if (lag === null) return check("lag", false, `the lag of ${to} is unknown`);
  const ok = lag <= maxLagSeconds;
  return check("lag", ok, `${to} is ${lag} s behind (--max-lag ${maxLagSeconds}s)`);
}

function webCheck(seen: Observation, to: string): Check {
  const region = regionOf(seen, to);
  if (region?.http.ready === true) return check("web tier", true, `${to} is ready`);
  const why = region?.notReady.join("; ") || "no answer at /evenkeel/ready";
  return check("web tier", false, `${to} is not ready: ${why}`);
}

/** What visitors would meet there: another WordPress over the same rows is another site. */
function versionsCheck(seen: Observation, from: string, to: string): Check {
  const known = [from, to].map((name) => regionOf(seen, name));
  const texts = known.map((region) => ({
    wordpress: single(region?.web.map(({ versions }) => versions.wordpress) ?? []),
    database: region?.database.facts?.version ?? null,
  }));
  const [one, other] = texts;
  const differing = (["wordpress", "database"] as const).filter(
    (key) => one?.[key] !== other?.[key] && one?.[key] != null && other?.[key] != null,
  );
  if (differing.length === 0)
    return check("versions", true, "the same in both regions, where they are known");
  const words = differing.map((key) => `${key} ${one?.[key]} in ${from} and ${other?.[key]} in ${to}`);
  return check("versions", false, words.join("; "));
}

function single(values: readonly (string | null)[]): string | null {
  const known = [...new Set(values.filter((value) => value !== null))].sort();
  return known.length === 0 ? null : known.join(" and ");
}

/** Why the old writer can acknowledge nothing any more that the new one lacks; null: nothing shows it. */
export type Proof =
  | { is: "lease"; words: string }
  | { is: "answer"; words: string }
  | { is: "machine"; words: string }
  | { is: "word"; words: string };

export interface FailoverWish {
  from: string | null;
  to: string;
  confirmedOff: readonly string[];
}

/**
 * The strongest proof there is (writer.md, W4, W7). A region in the sync set holds all that was acknowledged, and its
 * claim succeeds only where a majority of etcd saw the old lease run out.
 */
export function proofOf(seen: Observation, { from, to, confirmedOff }: FailoverWish): Proof | null {
  const keys = keysOf(seen);
  if (keys === null) return null;
  if (keys.sync?.includes(to) === true) {
    const words = `${to} is in the sync set, and takes the lease only where a majority of etcd saw it run out`;
    return { is: "lease", words };
  }
  if (from === null) return null;
  if (isClosed(seen, from)) return { is: "answer", words: `the database of ${from} says that it is closed` };
  const host = regionOf(seen, from)?.database.host ?? null;
  const machine = seen.machines?.find(({ name }) => name === host) ?? null;
  if (machine !== null)
    return {
      is: "machine",
      words: `the machine of ${from}'s database is ${machine.state}, its provider says`,
    };
  if (confirmedOff.includes(from))
    return { is: "word", words: `the operator says that the machine of ${from}'s database is off` };
  return null;
}

/** Rows that a failover would lose, as far as that can be told beforehand; null: it can't. */
export interface LossEstimate {
  rows: number | null;
  words: string;
}

export function lossEstimate(seen: Observation, { from, to }: FailoverWish): LossEstimate {
  const keys = keysOf(seen);
  if (keys?.sync?.includes(to) === true)
    return { rows: 0, words: `${to} holds every acknowledged write (it is in the sync set)` };
  const [old, next] = [from === null ? null : factsOf(seen, from), factsOf(seen, to)];
  const isSettled = from !== null && isClosed(seen, from) && old !== null && old.position !== null;
  if (isSettled && next !== null && old.position === next.position)
    return { rows: 0, words: `${from} is closed, and ${to} is at the same position` };
  const durability: Durability = keys?.durability ?? seen.durability;
  const behind = next?.lagSeconds ?? null;
  const last = behind === null ? "" : `; its newest heartbeat is ${behind} s old`;
  return {
    rows: null,
    words: `${to} is not in the sync set (${durability}), and what it lacks can't be told${last}`,
  };
}

export interface Takeover {
  to: string;
  proof: Proof | null;
  loss: LossEstimate;
  /** Rows that may be lost; "any": also where nobody can tell. */
  acceptLoss: number | "any";
}

/** What a failover wants before anything is touched. */
export function failoverChecks(seen: Observation, { to, proof, loss, acceptLoss }: Takeover): Check[] {
  const isKnown = keysOf(seen) !== null;
  const facts = factsOf(seen, to);
  const stands = facts?.running ? "" : ", and does not run";
  const isAllowed = acceptLoss === "any" || (loss.rows !== null && loss.rows <= acceptLoss);
  const rows = loss.rows === null ? "unknown" : `${loss.rows} row(s)`;
  return [
    check(
      "quorum",
      isKnown,
      isKnown ? "etcd answers with a majority" : "etcd gives no answer with a majority",
    ),
    check(
      "database",
      facts?.running === true,
      facts === null ? `${to} can't be asked` : `${to} is ${facts.role}${stands}`,
    ),
    check("proof", proof !== null, proof?.words ?? "nothing shows that the old writer's database is closed"),
    check("loss", isAllowed, `${rows}: ${loss.words} (--accept-loss ${acceptLoss})`),
  ];
}
