import type { Diagnosis } from "../failover/decide.ts";
import type { EtcdFacts, Observation, RegionObservation, Role } from "../failover/observation.ts";
import type { Problem } from "../failover/problem.ts";
import type { Protection } from "../failover/protection.ts";
import { warningsOf } from "../failover/warnings.ts";
import type { Durability } from "../keeper/store.ts";
import { apiVersion, facts, table } from "../output.ts";
import { type RegionVersions, unequalVersions, versionsOf, versionsTable } from "./versions.ts";

/** What `status --format json` prints. Unknown is null everywhere; `active` is null when there is none. */
export interface StatusDocument {
  apiVersion: typeof apiVersion;
  site: string;
  url: string | null;
  dns: { server: string; port: number; name: string } | null;
  state: Diagnosis["state"];
  active: string | null;
  epoch: number | null;
  /** In force: as etcd says, else as the site was configured at birth. Null where etcd doesn't tell. */
  durability: Durability | null;
  /** Regions that hold every acknowledged transaction. */
  sync: readonly string[] | null;
  /** How old the lease's last renewal is at most; null also where none was seen in a second (failover/observation.ts). */
  leaseAgeSeconds: number | null;
  /** Whether what is acknowledged outlives the active region. Null: nobody could be asked. */
  protected: boolean | null;
  /** What is missing, with what to run; null where it is protected. */
  protectedReason: string | null;
  regions: RegionStatus[];
  thirdPlace: {
    reachable: boolean | null;
    edge: boolean | null;
    dns: boolean | null;
    witness: boolean | null;
  };
  problems: Problem[];
  /** What works as configured and is not as it should be: no reason for exit code 10. */
  warnings: string[];
}

interface RegionStatus {
  name: string;
  role: Role | null;
  /** What it shall be; null where etcd doesn't tell. */
  goal: "active" | "standby" | null;
  reachable: boolean | null;
  url: string | null;
  web: { ready: boolean | null; live: boolean | null; version: string | null };
  versions: RegionVersions;
  database: {
    engine: string | null;
    host: string | null;
    role: Role | null;
    writable: boolean | null;
    lagSeconds: number | null;
    /** Rows that the active database has changed and this one not applied yet. */
    lagRows: number | null;
    /** Bytes of PostgreSQL's log between the two; null of an engine that counts none. */
    lagBytes: number | null;
    position: string | null;
  };
  store: { endpoint: string | null; reachable: boolean | null };
  cache: { reachable: boolean | null };
}

export function statusDocument(
  observation: Observation,
  diagnosis: Diagnosis,
  protection: Protection,
): StatusDocument {
  const keys = observation.etcd?.keys ?? null;
  return {
    apiVersion,
    site: observation.site,
    url: observation.url,
    dns: observation.dns,
    state: diagnosis.state,
    active: diagnosis.active,
    epoch: diagnosis.epoch,
    durability: keys === null ? null : (keys.durability ?? observation.durability),
    sync: keys?.sync ?? null,
    leaseAgeSeconds: keys?.leaseAgeSeconds ?? null,
    protected: protection.protected,
    protectedReason: protection.reason,
    regions: observation.regions.map((region) => regionStatus(region, goalOf(region.name, keys))),
    thirdPlace: observation.thirdPlace ?? { reachable: null, edge: null, dns: null, witness: null },
    problems: diagnosis.problems,
    warnings: [...warningsOf(observation), ...unequalVersions(observation)],
  };
}

/** By the move that is under way, or was cut short; else as it is: the region that holds the lease is the active one. */
function goalOf(region: string, keys: EtcdFacts | null): RegionStatus["goal"] {
  const active = keys?.lock?.to ?? keys?.writer?.region;
  if (active === undefined) return null;
  return region === active ? "active" : "standby";
}

function regionStatus(region: RegionObservation, goal: RegionStatus["goal"]): RegionStatus {
  const { facts: known, engine, host } = region.database;
  const versions = versionsOf(region);
  return {
    name: region.name,
    role: known?.role ?? null,
    goal,
    reachable: region.built ? answers(region) : null,
    url: region.url,
    web: {
      ready: region.http.ready,
      live: region.http.live,
      version: versions.wordpress,
    },
    versions,
    database: {
      engine,
      host,
      role: known?.role ?? null,
      writable: known?.writable ?? null,
      lagSeconds: known?.lagSeconds ?? null,
      lagRows: known?.lagRows ?? null,
      lagBytes: known?.lagBytes ?? null,
      position: known?.position ?? null,
    },
    store: { endpoint: region.store?.endpoint ?? null, reachable: region.store?.reachable ?? null },
    cache: { reachable: region.cache?.reachable ?? null },
  };
}

/** Anything of the region answered: its address, its database host or a web host. */
function answers(region: RegionObservation): boolean {
  return (
    region.http.live === true ||
    region.database.facts !== null ||
    region.web.some(({ gate }) => gate !== null)
  );
}

/** The document for people: who is active, one line a region, and what to run. */
export function statusTable(document: StatusDocument, observation: Observation): string {
  const head = facts([
    ["Site", `${document.site} (${document.state})`],
    ["URL", document.url ?? "-"],
    [
      "DNS",
      document.dns === null ? "-" : `${document.dns.name} at ${document.dns.server}:${document.dns.port}`,
    ],
    ["Active", document.active ?? withoutActive(document.regions)],
    ["Epoch", document.epoch === null ? "-" : String(document.epoch)],
    ["Durability", durabilityCell(document)],
    ["Protected", protectedCell(document)],
  ]);
  const rows = document.regions.map((region, i) => [
    region.name,
    region.role,
    region.goal,
    databaseCell(region, observation.regions[i]),
    region.database.lagSeconds,
    lagCell(region.database),
    region.database.position,
    webCell(region, observation.regions[i]?.http.active ?? null),
    partCell(observation.regions[i]?.cache),
    partCell(observation.regions[i]?.store),
    region.url,
  ]);
  const regions = table(
    ["Region", "Role", "Goal", "Database", "Lag s", "Lag rows", "Position", "Web", "Cache", "Store", "URL"],
    rows,
  );
  const third = document.thirdPlace;
  const place = facts([
    ["Third place", `edge ${word(third.edge)}, DNS ${word(third.dns)}, witness ${witness(third.witness)}`],
  ]);
  const warnings = document.warnings.map((text) => `warning: ${text}\n`).join("");
  const versions = versionsTable(document.regions);
  return [head, regions, versions, place, problemLines(document.problems), warnings]
    .filter((part) => part !== "")
    .join("\n");
}

/** "bounded, held by primary and secondary, lease renewed within 0.3 s"; "-" where etcd doesn't tell. */
function durabilityCell({ durability, sync, leaseAgeSeconds }: StatusDocument): string {
  if (durability === null) return "-";
  const held = sync === null ? [] : [`held by ${sync.join(" and ") || "nobody"}`];
  const lease = leaseAgeSeconds === null ? [] : [`lease renewed within ${leaseAgeSeconds} s`];
  return [durability, ...held, ...lease].join(", ");
}

function protectedCell({ protected: isProtected, protectedReason }: StatusDocument): string {
  const said = isProtected === null ? "unknown" : isProtected ? "yes" : "no";
  return protectedReason === null ? said : `${said}: ${protectedReason}`;
}

/** A region may have the role and accept no writes, as after a restart of its database: nobody is active then. */
function withoutActive(regions: readonly RegionStatus[]): string {
  const closed = regions.filter(({ role, database }) => role === "active" && database.writable === false);
  return closed.length === 0
    ? "none"
    : `none (${closed.map(({ name }) => name).join(", ")} has the role, and accepts no writes)`;
}

function databaseCell(region: RegionStatus, observed: RegionObservation | undefined): string {
  const { engine, writable } = region.database;
  if (observed?.database.facts?.running === false) return `${engine} down`;
  if (writable === null) return "unknown";
  return `${engine} ${writable ? "writable" : "read-only"}`;
}

/** "12", or "12 (4096 B)" where the engine counts bytes as well. */
function lagCell({ lagRows, lagBytes }: RegionStatus["database"]): string | number | null {
  return lagBytes === null ? lagRows : `${lagRows ?? "-"} (${lagBytes} B)`;
}

/** `servesWrites`: what the region says of itself at /evenkeel/active; null where it did not answer. */
function webCell(region: RegionStatus, servesWrites: boolean | null): string {
  if (region.web.live === null) return "-";
  if (!region.web.live) return "down";
  if (region.web.ready !== true) return "not ready";
  return servesWrites === false ? "ready, reads only" : "ready";
}

/** "-" where the region has no such part. */
function partCell(part: { reachable: boolean | null } | null | undefined): string {
  return part === null || part === undefined ? "-" : word(part.reachable);
}

function word(value: boolean | null): string {
  return value === null ? "unknown" : value ? "up" : "down";
}

function witness(value: boolean | null): string {
  return value === null ? "not built" : word(value);
}

function problemLines(problems: readonly Problem[]): string {
  return problems.map(({ what, next }) => `! ${what}\n${next === null ? "" : `  next: ${next}\n`}`).join("");
}
