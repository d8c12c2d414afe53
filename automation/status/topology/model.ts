import type { Diagnosis } from "../../failover/decide.ts";
import type { Observation, RegionObservation, Role } from "../../failover/observation.ts";

/** Whether a part is well; null where that is not known. Colour is never the only sign: `detail` says it in words. */
export type Health = boolean | null;

export interface Part {
  /** "primary/database", as commands take it, or "primary/balancer" for what is no host of its own. */
  id: string;
  name: string;
  detail: string;
  health: Health;
}

export interface Place {
  name: string;
  /** "active", "standby", …, "not built", "third place". */
  role: string;
  url: string | null;
  parts: Part[];
}

/** An arrow between two parts: what flows, and whether it does. */
export interface Flow {
  from: string;
  to: string;
  label: string;
  health: Health;
}

/** A picture of a site before it is drawn. */
export interface Topology {
  site: string;
  headline: string;
  places: Place[];
  flows: Flow[];
}

export function topologyOf(observation: Observation, diagnosis: Diagnosis): Topology {
  const active = diagnosis.active === null ? "no active region" : `${diagnosis.active} is active`;
  const epoch = diagnosis.epoch === null ? "" : ` at epoch ${diagnosis.epoch}`;
  return {
    site: observation.site,
    headline: `${observation.site}: ${diagnosis.state}, ${active}${epoch}`,
    places: [
      ...observation.regions.map((region) => regionPlace(region, diagnosis.active)),
      thirdPlace(observation),
    ],
    flows: [...traffic(observation, diagnosis.active), ...replication(observation.regions)],
  };
}

function regionPlace(region: RegionObservation, active: string | null): Place {
  const { name, url, built, database } = region;
  const rightGate = active === null ? null : active === name ? "open" : "closed";
  if (!built) return { name, role: "not built", url, parts: [] };
  return {
    name,
    role: database.facts?.role ?? "role unknown",
    url,
    parts: [
      {
        id: `${name}/balancer`,
        name: "balancer",
        detail: answering(region.http.live),
        health: region.http.live,
      },
      ...region.web.map((host, index) => webPart(`${name}/web-${index + 1}`, host, rightGate)),
      databasePart(region),
      ...besidePart(name, "cache", region.cache),
      ...besidePart(name, "store", region.store),
    ],
  };
}

/** @param rightGate what its gate has to be; null where that is not known, since nobody is active. */
function webPart(
  id: string,
  host: RegionObservation["web"][number],
  rightGate: "open" | "closed" | null,
): Part {
  const { gate, versions, stopped, uploadsThere } = host;
  const part = { id, name: id.slice(id.indexOf("/") + 1) };
  if (gate === null) return { ...part, detail: "unknown", health: null };
  const faults = [
    ...stopped.map((unit) => `${unit} stopped`),
    ...(uploadsThere === false ? ["no uploads"] : []),
  ];
  const { wordpress } = versions;
  const isWrong = rightGate !== null && gate !== rightGate;
  const facts = [
    isWrong ? `gate ${gate} (wrong)` : `gate ${gate}`,
    ...(wordpress === null ? [] : [`WordPress ${wordpress}`]),
    ...faults,
  ];
  return { ...part, detail: facts.join(", "), health: faults.length === 0 && !isWrong };
}

function databasePart({ name, database: { engine, facts } }: RegionObservation): Part {
  const part = { id: `${name}/database`, name: "database" };
  if (facts === null) return { ...part, detail: `${engine ?? "database"} unknown`, health: null };
  if (!facts.running) return { ...part, detail: `${engine} down`, health: false };
  const access = facts.writable === true ? "writable" : "read-only";
  const healthy: Record<Role, boolean> = {
    active: facts.writable === true,
    standby: facts.replicating === true && facts.writable !== true,
    fenced: false,
    unseeded: false,
  };
  return { ...part, detail: `${engine} ${access}, ${facts.role}`, health: healthy[facts.role] };
}

function besidePart(region: string, name: string, part: { reachable: boolean | null } | null): Part[] {
  if (part === null) return [];
  return [{ id: `${region}/${name}`, name, detail: answering(part.reachable), health: part.reachable }];
}

function answering(up: boolean | null): string {
  return up === null ? "unknown" : up ? "answers" : "does not answer";
}

function thirdPlace({ thirdPlace: third, url, dns }: Observation): Place {
  const part = (name: string, up: boolean | null): Part => ({
    id: `third/${name}`,
    name,
    detail: answering(up),
    health: up,
  });
  const name = "third";
  if (third === null) return { name, role: "not built", url: null, parts: [] };
  const names =
    dns === null ? [] : [{ ...part("dns", third.dns), detail: `${dns.name} ${answering(third.dns)}` }];
  return { name, role: "third place", url, parts: [part("edge", third.edge), ...names] };
}

/** Visitors reach whichever region is active; where none is, the edge has nowhere to send them. */
function traffic({ thirdPlace: third, regions }: Observation, active: string | null): Flow[] {
  const region = regions.find(({ name }) => name === active);
  if (third === null || region === undefined) return [];
  const health = third.edge === null ? null : third.edge && region.http.active === true;
  return [{ from: "third/edge", to: `${region.name}/balancer`, label: "visitors", health }];
}

function replication(regions: readonly RegionObservation[]): Flow[] {
  return regions.flatMap(({ name, database: { facts } }) => {
    if (facts?.role !== "standby" || facts.source === null) return [];
    const lag = facts.lagSeconds === null ? "lag unknown" : `${facts.lagSeconds.toFixed(1)} s behind`;
    const tls = facts.tls === true ? "TLS" : "no TLS";
    const from = `${facts.source}/database`;
    return [
      { from, to: `${name}/database`, label: `replication, ${tls}, ${lag}`, health: facts.replicating },
    ];
  });
}
