import { type Attempt, isAcknowledged } from "../../automation/drill/attempt.ts";
import { outagesOf, type Phase } from "../../automation/drill/outages.ts";
import type { RunningClient } from "../../automation/drill/running-client.ts";
import { isSteady } from "../../automation/drill/waits.ts";
import { docker } from "../../automation/lab/docker.ts";
import { askedIn, type CameBack, giveUpMs, type PlannedMove, plannedOf } from "./figures.ts";
import { on, patronictl, sql, waitUntilSettled } from "./patroni-cluster.ts";
import { addressOf, containerOf } from "./patroni-hosts.ts";
import { divergenceSeconds, wayBackOf } from "./patroni-settings.ts";
import { type Clock, late, tryUntil } from "./waits.ts";

/** One round: `one` is killed and `two` told to take over, then killed and nobody says a word; each time back by plan. */
export interface PatroniRound {
  forcedMs: number | null;
  automaticMs: number | null;
  planned: PlannedMove[];
  back: CameBack[];
  acknowledged: number;
  lost: number;
  /** What patronictl said to the command, its last line. */
  said: string;
}

export interface Arena {
  client: RunningClient;
  clock: Clock;
  /** Of the orders' ids. */
  prefix: string;
}

const dockerMs = 60_000;
/** All hosts share one machine's cores: on a busy one writes stand still at times. */
const steadyLimitMs = 180_000;
const commandMs = 120_000;
const pollMs = 50;

export async function patroniRound(arena: Arena): Promise<PatroniRound> {
  const { client, clock, prefix } = arena;
  const phases: Phase[] = [];
  await steady(arena);
  const forced = await killAndMove(arena, phases, true);
  const back = await comeBack(arena, phases);
  const automatic = await killAndMove(arena, phases, false);
  back.push(...(await comeBack(arena, phases)));
  const attempts = await client.stop();
  const outages = outagesOf(attempts, phases, clock.now());
  const ends = [...phases.slice(1).map(({ fromMs }) => fromMs), clock.now()];
  const planned = outages.flatMap((outage, i) => {
    const { fromMs, planned: isPlanned } = phases[i] as Phase;
    return isPlanned ? [plannedOf(outage, askedIn(attempts, fromMs, ends[i] as number))] : [];
  });
  return {
    ...{ forcedMs: forced.ms, automaticMs: automatic.ms, said: forced.said, planned },
    back,
    ...(await lossOf(attempts, prefix)),
  };
}

async function steady({ client, clock }: Arena): Promise<void> {
  const patience = { what: "orders on every connection", limitMs: steadyLimitMs, everyMs: pollMs };
  const found = await tryUntil(clock, patience, () => {
    const lost = client.lost();
    if (lost !== null) throw new Error(`the client is gone: ${lost}`);
    return Promise.resolve(isSteady(client.attempts, clock.now()) ? true : null);
  });
  if (found !== null) return;
  const failure = client.attempts.findLast((one) => !isAcknowledged(one));
  throw late(patience, failure?.error ?? "no answer");
}

/** Counted from the command, or without one from the kill; null where no write came in time. */
async function killAndMove(
  arena: Arena,
  phases: Phase[],
  isCommanded: boolean,
): Promise<{ ms: number | null; said: string }> {
  const { clock } = arena;
  await diverge();
  phases.push({ name: "kill", planned: false, fromMs: clock.now() });
  await docker(["kill", containerOf("one")], { timeoutMs: dockerMs });
  const sinceMs = clock.now();
  const command = isCommanded ? failover() : Promise.resolve("");
  const first = await firstSince(arena, sinceMs);
  return { ms: first === null ? null : first - sinceMs, said: await command };
}

/** What is written from now on reaches nobody else and is acknowledged to nobody: it is in the leader's log alone. */
async function diverge(): Promise<void> {
  const drop = `iptables -w -A OUTPUT -p tcp --sport 5432 -d ${addressOf("two")} -j DROP`;
  await on("one", `${drop}; sleep ${divergenceSeconds}`);
}

/** Patroni's last line; a refusal is kept and not thrown: what counts is when writes come back. */
async function failover(): Promise<string> {
  const script = `${patronictl} failover bench --candidate two --force 2>&1 || echo "exit $?"`;
  const said = await on("two", script, commandMs).catch(({ message }: Error) => message);
  const lines = said.split("\n").filter((line) => line.trim() !== "" && !/^[+|]/.test(line));
  return lines.at(-1) ?? "";
}

async function firstSince({ client, clock }: Arena, sinceMs: number): Promise<number | null> {
  return await tryUntil(clock, { limitMs: giveUpMs, everyMs: pollMs }, () => {
    const found = client.attempts.find((one) => one.sentMs >= sinceMs && isAcknowledged(one));
    return Promise.resolve(found?.answeredMs ?? null);
  });
}

/** The killed host returns, and the writer to it. Empty where nobody had taken over: then it went on as the writer. */
async function comeBack(arena: Arena, phases: Phase[]): Promise<CameBack[]> {
  const { clock } = arena;
  const startedMs = clock.now();
  await docker(["start", containerOf("one")], { timeoutMs: dockerMs });
  const streams = await tryUntil(clock, { limitMs: giveUpMs, everyMs: 100 }, oneStreams);
  const ms = streams === null ? null : clock.now() - startedMs;
  if ((await waitUntilSettled(clock)) === "one") {
    await steady(arena);
    return [];
  }
  const log = await on(
    "one",
    `journalctl -q --no-pager -o cat -u patroni --since=@${Math.floor(startedMs / 1000)}`,
  );
  await moveBack(arena, phases);
  return [{ ms, commandMs: null, way: wayBackOf(log) }];
}

/** Whether the new leader sends it its log. */
async function oneStreams(): Promise<true | null> {
  const streams =
    "SELECT count(*) FROM pg_stat_replication WHERE application_name = 'one' AND state = 'streaming'";
  return (await sql("two", streams).catch(() => "")) === "1" ? true : null;
}

/** By plan, and only when every connection has had its orders taken for a while. */
async function moveBack(arena: Arena, phases: Phase[]): Promise<void> {
  const { clock } = arena;
  await steady(arena);
  const sinceMs = clock.now();
  phases.push({ name: "switchover", planned: true, fromMs: sinceMs });
  const words = "switchover bench --leader two --candidate one --force";
  await on("two", `${patronictl} ${words}`, commandMs);
  await firstSince(arena, clock.now());
  await waitUntilSettled(clock, "one");
  await steady(arena);
}

async function lossOf(attempts: readonly Attempt[], prefix: string) {
  const rows = await sql("one", `SELECT id FROM orders WHERE id LIKE '${prefix}-%'`, "bench");
  const found = new Set(rows.split("\n"));
  const acknowledged = new Set(attempts.filter(isAcknowledged).map(({ id }) => id as string));
  return {
    acknowledged: acknowledged.size,
    lost: [...acknowledged].filter((id) => !found.has(id)).length,
  };
}
