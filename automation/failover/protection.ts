import type { Commands } from "./next.ts";
import { databaseHost } from "./next.ts";
import type { EtcdFacts, EtcdMember, Observation } from "./observation.ts";

/** Whether what is acknowledged outlives the active region, and whether another one can then take over. */
export interface Protection {
  /** Null: nobody could be asked. */
  protected: boolean | null;
  /** What is missing, with what to run; null where nothing is. */
  reason: string | null;
}

/**
 * Protected is a site whose etcd has a majority with every member, whose durability lets commits wait (not async), and
 * whose sync set has a standby that replicates (writer.md, W5). Everything that is missing is named.
 */
export function protectionOf(observation: Observation, commands: Commands): Protection {
  const shape = shapeProblem(observation, commands);
  if (shape !== null) return { protected: false, reason: shape };
  const members = observation.etcd?.members ?? [];
  const keys = observation.etcd?.keys ?? null;
  if (keys === null) return withoutKeys(members, commands);
  const durability = keys.durability ?? observation.durability;
  const reasons = [
    ...memberReasons(members, commands),
    ...durabilityReasons(durability, commands),
    ...standbyReasons(keys, { ...observation, durability }, commands),
  ];
  return { protected: reasons.length === 0, reason: reasons.length === 0 ? null : reasons.join("; ") };
}

/** What the site has too little of, whatever its hosts say. */
function shapeProblem({ regions, thirdPlace }: Observation, { provision }: Commands): string | null {
  if (regions.length === 1)
    return `the site has one region, and nobody else could take over (add a second one to evenkeel:regions, then: ${provision})`;
  const missing = [
    ...regions.flatMap(({ name, built }) => (built ? [] : [name])),
    ...(thirdPlace === null ? ["the third place"] : []),
  ];
  if (missing.length === 0) return null;
  return `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} not built (${provision})`;
}

function withoutKeys(members: readonly EtcdMember[], commands: Commands): Protection {
  const failed = members.find(({ state }) => state === "failed");
  if (failed !== undefined) {
    const next = commands.restart(failed.host, "etcd");
    return {
      protected: false,
      reason: `etcd has no majority, so nobody can be given the right to write: ${failed.why} (${next})`,
    };
  }
  const silent = members.filter(({ state }) => state === "silent");
  const [first] = silent;
  if (first !== undefined) {
    const names = silent.map(({ host }) => host).join(", ");
    return {
      protected: null,
      reason: `nobody can tell, since etcd can't be asked on ${names} (${commands.look(first.host)})`,
    };
  }
  return {
    protected: false,
    reason: `no etcd says who may write, so replication is asynchronous (${commands.provision})`,
  };
}

function memberReasons(members: readonly EtcdMember[], commands: Commands): string[] {
  return members
    .filter(({ state }) => state !== "well")
    .map(({ host, state }) => {
      const next = state === "failed" ? commands.restart(host, "etcd") : commands.provision;
      return `etcd lacks its member on ${host}: with one more lost, nobody may write (${next})`;
    });
}

function durabilityReasons(durability: Observation["durability"], commands: Commands): string[] {
  if (durability !== "async") return [];
  return [
    `durability is async: no commit waits for a standby, and no region is promoted by itself (${commands.durability("bounded")})`,
  ];
}

/** Commits wait for the standbys in the sync set; one that does not replicate holds them up, or is soon out of it. */
function standbyReasons(
  { writer, sync }: EtcdFacts,
  { regions, durability }: Observation,
  commands: Commands,
): string[] {
  if (sync === null)
    return [`no region was given the lease yet, so replication is asynchronous (${commands.provision})`];
  if (writer === null) return [`no region holds the lease, so nobody may write (${commands.provision})`];
  const standbys = sync.filter((name) => name !== writer.region);
  // In async the writer is alone in the set, and that is told already.
  if (standbys.length === 0 && durability === "async") return [];
  if (standbys.length === 0)
    return [
      `${writer.region} alone holds what it acknowledged: a standby joins by itself once it has caught up`,
    ];
  const replicates = (name: string) => {
    const facts = regions.find((region) => region.name === name)?.database.facts ?? null;
    return facts?.role === "standby" && facts.running && facts.replicating === true;
  };
  if (standbys.some(replicates)) return [];
  const next = commands.look(databaseHost(standbys[0] as string));
  const missing = `${standbys.join(", ")} should hold what is acknowledged, and is not seen to replicate (${next})`;
  if (durability !== "strict") return [missing];
  return [`${missing}: in strict, writes wait for it (${commands.durability("bounded")} lets them go on)`];
}
