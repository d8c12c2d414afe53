import { exitCodes, UserError } from "../errors.ts";
import { databaseFacts } from "../failover/facts.ts";
import type { DatabaseFacts } from "../failover/observation.ts";
import { writersOf } from "../failover/writers.ts";
import { hostsOf, openHosts, type SiteOutputs } from "../hosts.ts";
import { apiVersion, jsonDocument, writeResult } from "../output.ts";
import { runWork } from "../progress.ts";
import type { SshSession } from "../remote/ssh.ts";
import { notSetUp } from "../rollout/preview.ts";
import { openExisting, readOutputs } from "../rollout/session.ts";
import { siteConfig, siteFlag, sitePlace } from "../site.ts";
import { withoutHidden } from "../terminal.ts";
import { compare } from "./compare.ts";
import { remoteDigests } from "./digests.ts";
import { type StandbyReport, type VerifyDocument, verdict, verifyTable } from "./document.ts";
import { errantOf } from "./errant.ts";
import type { Digests } from "./model.ts";

export interface VerifyArgs {
  site: string;
  format: string;
}

const askMs = 10_000;
const dial = { attempts: 2, timeoutSeconds: 5 };

/** A database host of the site, and what it said. */
interface Place {
  region: string;
  hostId: string;
  facts: DatabaseFacts | null;
  why: string | null;
}

/**
 * `evenkeel verify`: compares all rows of every standby with the active database while both run. Changes nothing.
 * Returns 10 where anything differs, or could not be compared.
 */
export async function verify({ site, format }: VerifyArgs): Promise<number> {
  const place = sitePlace(site);
  const config = siteConfig(place);
  const session = await openExisting(place, config);
  if (session === null) throw notSetUp(place);
  const outputs = await readOutputs(session);
  const ssh = await openHosts(place, outputs, session.secrets, dial);
  let document: VerifyDocument;
  try {
    document = await verifySite(ssh, outputs, config.site);
  } finally {
    await ssh.close();
  }
  writeResult(withoutHidden(format === "json" ? jsonDocument(document) : verifyTable(document)));
  return verdict(document) === "equal" ? exitCodes.ok : exitCodes.degraded;
}

/** The same over connections that are there. Throws a UserError (12) where no one region is active. */
export async function verifySite(
  ssh: SshSession,
  outputs: SiteOutputs,
  site: string,
): Promise<VerifyDocument> {
  const places = await askPlaces(ssh, outputs);
  const active = activeOf(places, site);
  const others = places.filter(({ region }) => region !== active.region);
  const standbys: StandbyReport[] = [];
  const isStill = async () => {
    const now = await askPlaces(ssh, outputs);
    return samePlace(activeOrNull(now), active);
  };
  for (const other of others) {
    await runWork([
      {
        title: `Rows of ${other.region} and ${active.region}`,
        run: async (note) => {
          const report = await verifyStandby(ssh, active, other, { note, isStill });
          standbys.push(report);
          return `${report.tables} tables, ${report.rows} rows`;
        },
      },
    ]);
  }
  return { apiVersion, site, active: active.region, epoch: active.facts?.epoch ?? null, standbys };
}

function askPlaces(ssh: SshSession, outputs: SiteOutputs): Promise<Place[]> {
  const hosts = hostsOf(outputs);
  const asked = Object.entries(outputs.regions).flatMap(([region, built]) => {
    const host = hosts.find(({ id }) => id === built?.database.hostId);
    return host === undefined ? [] : [{ region, host }];
  });
  return Promise.all(
    asked.map(async ({ region, host }) => ({
      region,
      hostId: host.id,
      ...(await databaseFacts(ssh, host, askMs)),
    })),
  );
}

function activeOrNull(places: readonly Place[]): Place | null {
  const { rightful } = writersOf(places.map(({ region, facts }) => ({ name: region, facts })));
  return places.find(({ region }) => region === rightful) ?? null;
}

const samePlace = (one: Place | null, other: Place) =>
  one?.region === other.region && one.facts?.epoch === other.facts?.epoch;

function activeOf(places: readonly Place[], site: string): Place {
  const active = activeOrNull(places);
  if (active !== null) return active;
  throw refused("no one region is the active one, so there is nothing to compare with", site);
}

function refused(what: string, site: string): UserError {
  const next = `npx evenkeel status${siteFlag(site)}`;
  return new UserError({ what, next, exitCode: exitCodes.refused, code: "no-active-region" });
}

async function verifyStandby(
  ssh: SshSession,
  active: Place,
  standby: Place,
  { note, isStill }: { note: (text: string) => void; isStill: () => Promise<boolean> },
): Promise<StandbyReport> {
  const nothing = {
    region: standby.region,
    tables: 0,
    rows: 0,
    seconds: 0,
    errant: null,
    differences: [],
    changing: [],
    unsettled: [],
    unknown: null,
  };
  const why = whyNot(standby);
  const began = Date.now();
  const seconds = () => (Date.now() - began) / 1000;
  try {
    const errant =
      standby.facts?.running === true ? await errantOf(ssh, active.hostId, standby.hostId) : null;
    if (why !== null) return { ...nothing, errant, unknown: why };
    const sides = [active, standby].map(({ hostId }) => remoteDigests(ssh, hostId)) as [Digests, Digests];
    const compared = await compare(...sides, note);
    // Of a region that was promoted meanwhile, what it took as the writer is no difference.
    if (!(await isStill()))
      return { ...nothing, unknown: "the active region changed meanwhile: run it again" };
    return { ...nothing, ...compared, seconds: seconds(), errant };
  } catch (error) {
    // One of the two does not answer, or the standby does not come up to what the active one holds.
    if (!(error instanceof UserError) || error.code === "interrupted") throw error;
    const reason = error.why === undefined ? "" : `: ${error.why}`;
    return { ...nothing, seconds: seconds(), unknown: `${error.what}${reason}` };
  }
}

/** Why its rows can't be compared: one that does not follow can't be waited for. */
function whyNot({ facts, why }: Place): string | null {
  if (facts === null) return `its database does not answer${why === null ? "" : `: ${why}`}`;
  if (facts.role !== "standby") return `its database is ${facts.role}`;
  return facts.replicating === true ? null : "its database does not follow";
}
