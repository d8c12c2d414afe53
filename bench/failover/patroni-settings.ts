/** What Patroni is measured with, and what it says of itself. Pure. */

export interface PatroniSetting {
  name: "defaults" | "floor";
  /** Seconds. */
  ttl: number;
  loopWait: number;
  retryTimeout: number;
  /** How HAProxy judges a server: every so many milliseconds, so many times in a row. */
  check: { everyMs: number; fall: number; rise: number };
}

/**
 * Patroni's defaults with the HAProxy of its documentation (haproxy.cfg: inter 3s fall 3 rise 2), and the least that it
 * accepts (dynamic configuration: ttl 20, loop_wait 1, retry_timeout 3, with loop_wait + 2 × retry_timeout ≤ ttl) with a
 * HAProxy that is as quick.
 */
export const patroniSettings: readonly PatroniSetting[] = [
  {
    name: "defaults",
    ...{ ttl: 30, loopWait: 10, retryTimeout: 10 },
    check: { everyMs: 3000, fall: 3, rise: 2 },
  },
  { name: "floor", ...{ ttl: 20, loopWait: 1, retryTimeout: 3 }, check: { everyMs: 500, fall: 2, rise: 1 } },
];

/** So long the leader's log goes nowhere before it is killed: what it holds alone then is what has to be rewound. */
export const divergenceSeconds = 0.5;

export function settingText({ name, ttl, loopWait, retryTimeout, check }: PatroniSetting): string {
  const { everyMs, fall, rise } = check;
  return (
    `${name}: ttl ${ttl}, loop_wait ${loopWait}, retry_timeout ${retryTimeout}, ` +
    `HAProxy inter ${everyMs} ms fall ${fall} rise ${rise}`
  );
}

/** One member as `GET /cluster` has it. */
export interface Member {
  name: string;
  /** leader, sync_standby, replica, … */
  role: string;
  /** running, streaming, stopped, … */
  state: string;
  /** Bytes behind the leader; null of the leader itself, and where Patroni doesn't know. */
  lagBytes: number | null;
}

/** Reads the answer of `GET /cluster`; null where it is none. */
export function parseMembers(text: string): Member[] | null {
  let value: { members?: unknown } | null;
  try {
    value = JSON.parse(text) as { members?: unknown } | null;
  } catch {
    return null;
  }
  const list = value?.members;
  if (!Array.isArray(list)) return null;
  return list.map((one: { name?: unknown; role?: unknown; state?: unknown; lag?: unknown }) => ({
    name: String(one.name),
    role: String(one.role),
    state: String(one.state),
    lagBytes: typeof one.lag === "number" ? one.lag : null,
  }));
}

/** Bytes that a standby may be behind and still be promoted: Patroni's own default of maximum_lag_on_failover. */
const mostLagBytes = 1_048_576;

/** A leader that runs and the other one streaming as its synchronous standby: only then nothing is lost by a kill. */
export function isSettled(members: readonly Member[] | null, leader: string, standby: string): boolean {
  const find = (name: string) => members?.find((one) => one.name === name);
  const [first, second] = [find(leader), find(standby)];
  return (
    first?.role === "leader" &&
    first.state === "running" &&
    second?.role === "sync_standby" &&
    second.state === "streaming" &&
    second.lagBytes !== null &&
    second.lagBytes <= mostLagBytes
  );
}

/** How an old leader came back, by what its Patroni logged meanwhile. */
export type WayBack = "rejoin" | "rewind" | "reseed";

/** Patroni names both by what it runs (patroni/postgresql/rewind.py, bootstrap.py). */
export function wayBackOf(log: string): WayBack {
  if (/replica has been created using basebackup|bootstrapped from leader/.test(log)) return "reseed";
  return /running pg_rewind/i.test(log) ? "rewind" : "rejoin";
}

/** "4.0.7" of "patroni 4.0.7", "17.6" of "postgres (PostgreSQL) 17.6 (Debian …)"; "unknown" where no number is told. */
export function versionIn(text: string): string {
  return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? "unknown";
}
