import { exitCodes, UserError } from "../errors.ts";
import { type Diagnosis, decide } from "../failover/decide.ts";
import type { Observation } from "../failover/observation.ts";
import { type Protection, protectionOf } from "../failover/protection.ts";
import type { Durability } from "../keeper/store.ts";
import { type Attempt, isAcknowledged } from "./attempt.ts";
import type { DrillClient, DrillParts } from "./parts.ts";

/** What a drill waits for: bounded polls, all of them by the clock that it was given. */

/** So long every connection must have its orders taken before anything is broken. */
export const steadyMs = 3000;
const steadyLimitMs = 45_000;
/** Twice the floor for an outage: what is not back by then is not measured any longer. */
const acknowledgedLimitMs = 60_000;
/** Docker's starts, etcd's return, a reseed of a small database, and the sync set behind it. */
const settledLimitMs = 300_000;
const pollMs = 100;
const lookMs = 1000;

export interface Look {
  observation: Observation;
  diagnosis: Diagnosis;
  protection: Protection;
  /** In force: as etcd says, else as configured. */
  durability: Durability;
  /** Healthy, and protected as far as the durability lets it be. */
  isSettled: boolean;
}

export async function look({ observe, commands }: Pick<DrillParts, "observe" | "commands">): Promise<Look> {
  const observation = await observe();
  const diagnosis = decide(observation, commands);
  const protection = protectionOf(observation, commands);
  const durability = observation.etcd?.keys?.durability ?? observation.durability;
  // In async no commit waits for anybody, so no site is protected; a drill there measures what that loses.
  const isProtected = protection.protected === true || durability === "async";
  const isSettled = diagnosis.state === "healthy" && isProtected;
  return { observation, diagnosis, protection, durability, isSettled };
}

/** Every connection had an order taken within the last three seconds, has been at it for as long, and met nothing else. */
export function isSteady(attempts: readonly Attempt[], nowMs: number): boolean {
  const writes = attempts.filter(({ kind }) => kind !== "read");
  const fresh = writes.filter(({ sentMs }) => sentMs >= nowMs - steadyMs);
  const begun = Math.min(...writes.map(({ sentMs }) => sentMs));
  const connections = new Set(writes.map(({ connection }) => connection));
  const served = new Set(fresh.filter(isAcknowledged).map(({ connection }) => connection));
  return (
    begun <= nowMs - steadyMs &&
    connections.size > 0 &&
    served.size === connections.size &&
    fresh.every(isAcknowledged)
  );
}

export async function waitUntilSteady(parts: DrillParts, client: DrillClient): Promise<string> {
  await poll(
    parts,
    { limitMs: steadyLimitMs, everyMs: pollMs, waitedFor: "orders on every connection" },
    () => {
      refuseLost(client);
      return isSteady(client.attempts, parts.clock.now());
    },
  );
  return `${client.attempts.length} requests so far`;
}

/** Waits for an order that `region` acknowledged through the public name and that was sent after `sinceMs`. */
export async function waitForAcknowledged(
  parts: DrillParts,
  client: DrillClient,
  { region, sinceMs }: { region: string; sinceMs: number },
): Promise<string> {
  let first: Attempt | undefined;
  const waitedFor = `an order that ${region} acknowledges through the public name`;
  await poll(parts, { limitMs: acknowledgedLimitMs, everyMs: pollMs, waitedFor }, () => {
    refuseLost(client);
    first = client.attempts.find(
      (one) =>
        one.kind === "order" &&
        isAcknowledged(one) &&
        one.sentMs >= sinceMs &&
        client.regionOf[one.address ?? ""] === region,
    );
    return first !== undefined;
  });
  return `${first?.id} after ${Math.round((first?.answeredMs ?? sinceMs) - sinceMs)} ms`;
}

/** Waits until the site is healthy and protected with `active` as its writer. */
export async function waitUntilSettled(
  parts: DrillParts,
  client: DrillClient,
  active: string,
): Promise<string> {
  let last: Look | null = null;
  const why = () =>
    last === null
      ? ""
      : (last.diagnosis.problems[0]?.what ?? last.protection.reason ?? "another region is active");
  await poll(
    parts,
    { limitMs: settledLimitMs, everyMs: lookMs, waitedFor: "a healthy and protected site", why },
    async () => {
      refuseLost(client);
      last = await look(parts);
      return last.isSettled && last.diagnosis.active === active;
    },
  );
  return `${active} is active`;
}

interface Poll {
  limitMs: number;
  everyMs: number;
  waitedFor: string;
  why?: () => string;
}

async function poll(
  { clock, checkInterrupt }: Pick<DrillParts, "clock" | "checkInterrupt">,
  { limitMs, everyMs, waitedFor, why }: Poll,
  isThere: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = clock.now() + limitMs;
  while (!(await isThere())) {
    checkInterrupt();
    if (clock.now() >= endMs) throw halfWay(`${waitedFor} did not come within ${limitMs / 1000} s`, why?.());
    await clock.sleep(everyMs);
  }
}

function refuseLost(client: DrillClient): void {
  const lost = client.lost();
  if (lost !== null) throw halfWay("the drill's client ended by itself: nothing is measured any more", lost);
}

function halfWay(what: string, why?: string): UserError {
  const reason = why === undefined || why === "" ? {} : { why };
  return new UserError({ what, ...reason, exitCode: exitCodes.resumable, code: "drill-stopped" });
}
