import type {
  DatabaseFacts,
  Observation,
  RegionObservation,
} from "../../../automation/failover/observation.ts";
import type { Act, Row } from "../../../automation/failover/plan.ts";
import { active, healthySite, standby, wellEtcd } from "./sites.ts";

/**
 * A made-up site: what the verbs of its hosts do and what its keepers do by themselves, in so many words. Two regions,
 * the primary active at epoch 1.
 */
export interface World {
  writer: { region: string; epoch: number } | null;
  epoch: number;
  sync: string[];
  databases: Record<string, Database>;
}

interface Database {
  role: DatabaseFacts["role"];
  epoch: number;
  source: string | null;
  /** Its host answers nobody. */
  silent: boolean;
}

export const other = (region: string) => (region === "primary" ? "secondary" : "primary");

export function firstWorld(): World {
  return {
    writer: { region: "primary", epoch: 1 },
    epoch: 1,
    sync: ["primary", "secondary"],
    databases: {
      primary: { role: "active", epoch: 1, source: null, silent: false },
      secondary: { role: "standby", epoch: 1, source: "primary", silent: false },
    },
  };
}

export function copyOf(world: World): World {
  return structuredClone(world);
}

/** Region, role and writer, without epochs: where a move ends however it was cut. */
export function shapeOf({ writer, sync, databases }: World) {
  const roles = Object.entries(databases).map(([name, { role, source }]) => ({ name, role, source }));
  return { writer: writer?.region ?? null, sync: [...sync].sort(), roles };
}

const databaseOf = (world: World, region: string) => world.databases[region] as Database;

/** Throws where a host would refuse. */
export function carryOut(world: World, { act, region }: Row): void {
  switch (act.do) {
    case "demote":
    case "fence":
      close(world, act.region);
      return;
    case "promote":
      claim(world, act);
      open(world, act.region);
      return;
    case "return":
      follow(world, act.region);
      return;
    case "hold":
    case "compare":
      return;
    case "wait":
      join(world, region);
  }
}

export function close(world: World, region: string): void {
  const database = databaseOf(world, region);
  if (database.silent) throw new Error(`${region} can't be asked`);
  if (database.role !== "active" && database.role !== "fenced")
    throw new Error(`${region} is ${database.role}`);
  database.role = "fenced";
  // Its keeper has no use for the lease any more.
  if (world.writer?.region === region) world.writer = null;
}

/** Writer.md, W7: the writer is gone or silent, this region is in the set, and the epoch is the next. */
export function claim(world: World, { region, epoch, byForce, confirmedOff }: Act & { do: "promote" }): void {
  if (world.writer?.region === region && world.writer.epoch === epoch) return;
  const { writer } = world;
  if (writer !== null && !databaseOf(world, writer.region).silent) throw new Error("the lease is renewed");
  if (epoch !== world.epoch + 1) throw new Error(`epoch ${epoch} is not the next`);
  if (!byForce && !world.sync.includes(region)) throw new Error(`${region} is not in sync`);
  const old = other(region);
  const isOff = databaseOf(world, old).role !== "active" || confirmedOff.includes(old);
  if (byForce && !isOff) throw new Error(`nothing shows that ${old} is closed`);
  world.writer = { region, epoch };
  world.epoch = epoch;
}

/** A claimant that can't finish. */
export function giveBack(world: World): void {
  world.writer = null;
}

export function open(world: World, region: string): void {
  const database = databaseOf(world, region);
  if (world.writer?.region !== region) throw new Error(`${region} has no lease`);
  Object.assign(database, { role: "active", epoch: world.writer.epoch, source: null });
  world.sync = [region];
}

function follow(world: World, region: string): void {
  const database = databaseOf(world, region);
  if (database.silent) throw new Error(`${region} can't be asked`);
  const { writer } = world;
  if (writer === null || writer.region === region) throw new Error("there is nobody to follow");
  Object.assign(database, { role: "standby", epoch: writer.epoch, source: writer.region });
}

/** What the writer's keeper does once its standby has everything. */
function join(world: World, region: string): void {
  const { role, source, silent } = databaseOf(world, region);
  if (role === "standby" && !silent && source === world.writer?.region)
    world.sync = [...new Set([...world.sync, region])];
}

/** What a look at it would show. */
export function seenIn(world: World): Observation {
  const base = healthySite();
  const writer = world.writer?.region ?? null;
  const isOpen = (name: string) => databaseOf(world, name).role === "active" && writer === name;
  const { members } = wellEtcd();
  const keys = wellEtcd({ writer: world.writer, epoch: world.epoch, sync: world.sync }).keys;
  const servesWrites = writer !== null && isOpen(writer) && !databaseOf(world, writer).silent;
  return {
    ...base,
    regions: base.regions.map((one) => regionIn(world, one, isOpen(one.name))),
    thirdPlace: { reachable: true, edge: true, dns: true, witness: true, servesWrites },
    etcd: { members, keys },
  };
}

function regionIn(world: World, base: RegionObservation, isOpen: boolean): RegionObservation {
  const { role, epoch, source, silent } = databaseOf(world, base.name);
  const facts: DatabaseFacts | null = silent
    ? null
    : {
        ...(role === "standby" ? standby : active),
        ...{ role, epoch, source, writable: isOpen, replicating: role === "standby" },
      };
  const database = { ...base.database, facts, why: silent ? "no answer" : null };
  return { ...base, database, http: { live: !silent, ready: !silent, active: isOpen && !silent } };
}
