import { describeHolder } from "../lock.ts";
import { siteFlag } from "../options.ts";
import { cooldownOf } from "./cooldown.ts";
import { commandsOf } from "./next.ts";
import type { EtcdFacts, Observation } from "./observation.ts";

/**
 * What hosts warn of, each with the host that does; an active database that only a restart gives its settings; and what
 * operators told etcd: a durability that the files don't say, a pause, who holds the site, a failover that was not
 * acknowledged yet. `now` is by the clock of the operator's machine.
 */
export function warningsOf(observation: Observation, now = new Date()): string[] {
  const { regions, etcd } = observation;
  const older = regions.filter(({ database: { facts } }) => facts?.role === "active" && facts.restartNeeded);
  const waiting = older.map(
    ({ name }) =>
      `the database of ${name} runs on older settings until it is restarted: that is an outage, and yours to choose (docs/runbook.md)`,
  );
  const said = regions.flatMap(({ web }) =>
    web.flatMap(({ host, warning }) => (warning === null ? [] : [`${host}: ${warning}`])),
  );
  const keys = etcd?.keys ?? null;
  return [...waiting, ...said, ...(keys === null ? [] : operatorWarnings(keys, observation, now))];
}

function operatorWarnings(
  keys: EtcdFacts,
  {
    site,
    durability: configured,
    cooldownSeconds,
  }: Pick<Observation, "site" | "durability" | "cooldownSeconds">,
  now: Date,
): string[] {
  const commands = commandsOf(siteFlag(site));
  const differs = keys.durability !== null && keys.durability !== configured;
  const { coolingDown, until, last } = cooldownOf(keys, { cooldownSeconds, now });
  const pausedUntil = keys.pausedUntil === null ? "" : ` until ${keys.pausedUntil}`;
  const cooldownEnd = until === null ? "" : ` before ${until.toISOString()}`;
  return [
    ...(differs
      ? [`durability is ${keys.durability}, and evenkeel:durability says ${configured}: the former counts`]
      : []),
    ...(keys.paused
      ? [`failover is paused${pausedUntil}: no region is promoted by itself; ${commands.endPause} ends that`]
      : []),
    ...(keys.lock === null
      ? []
      : [`the site is being moved by ${describeHolder(keys.lock)}; where that is gone: ${commands.unlock}`]),
    ...(coolingDown && last !== null
      ? [
          `after the failover to ${last.to} at ${last.at} there is no other one${cooldownEnd}; ${commands.ack} ends that`,
        ]
      : []),
  ];
}
