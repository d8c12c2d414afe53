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

async function verifySite(ssh: SshSession, outputs: SiteOutputs, site: string): Promise<VerifyDocument> {
  const places = await askPlaces(ssh, outputs);
  const active = activeOf(places, site);
  const others = places.filter(({ region }) => region !== active.region);
  const standbys: StandbyReport[] = [];
  for (const other of others) {
    await runWork([
      {
        title: `Rows of ${other.region} and ${active.region}`,
        run: async (note) => {
          const report = await verifyStandby(ssh, active, other, note);
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

function activeOf(places: readonly Place[], site: string): Place {
  const { rightful } = writersOf(places.map(({ region, facts }) => ({ name: region, facts })));
  const active = places.find(({ region }) => region === rightful);
  if (active !== undefined) return active;
  throw refused("no one region is the active one, so there is nothing to compare with", site);
}

function refused(what: string, site: string): UserError {
  const next = `npx evenkeel status${siteFlag(site)}`;
  return new UserError({ what, next, exitCode: exitCodes.refused, code: "no-active-region" });
}

/** One that does not follow can't be waited for: it is unknown, and said to be. */
async function verifyStandby(
  ssh: SshSession,
  active: Place,
  standby: Place,
  note: (text: string) => void,
): Promise<StandbyReport> {
  const nothing = {
    region: standby.region,
    tables: 0,
    rows: 0,
    seconds: 0,
    errant: null,
    differences: [],
    changing: [],
    unknown: null,
  };
  const { facts } = standby;
  const errant = facts?.running === true ? await errantOf(ssh, active.hostId, standby.hostId) : null;
  if (facts?.role !== "standby" || facts.replicating !== true) {
    const is =
      facts === null ? "does not answer" : facts.role !== "standby" ? `is ${facts.role}` : "does not follow";
    const unknown = `its database ${is}${facts === null && standby.why !== null ? `: ${standby.why}` : ""}`;
    return { ...nothing, errant, unknown };
  }
  const began = Date.now();
  const seconds = () => (Date.now() - began) / 1000;
  try {
    const compared = await compare(
      remoteDigests(ssh, active.hostId),
      remoteDigests(ssh, standby.hostId),
      note,
    );
    return { ...nothing, ...compared, seconds: seconds(), errant };
  } catch (error) {
    // One of the two does not answer, or the standby does not come up to what the active one holds.
    if (!(error instanceof UserError) || error.code !== "digest-failed") throw error;
    return { ...nothing, seconds: seconds(), errant, unknown: `${error.what}: ${error.why}` };
  }
}
