import type { SiteConfig } from "../../components/config.ts";
import { exitCodes } from "../errors.ts";
import { type Diagnosis, decide } from "../failover/decide.ts";
import { commandsOf } from "../failover/next.ts";
import type { Observation } from "../failover/observation.ts";
import { heartbeatLimit } from "../failover/writers.ts";
import { openHosts } from "../hosts.ts";
import { jsonDocument, writeResult } from "../output.ts";
import { openExisting, readOutputs } from "../rollout/session.ts";
import { type SitePlace, siteConfig, sitePlace, siteWords } from "../site.ts";
import { statusDocument, statusTable } from "./document.ts";
import { lookAt } from "./look.ts";

export interface StatusArgs {
  site: string;
  format: string;
}

const dial = { attempts: 1, timeoutSeconds: 4 };

/** `evenkeel status`: looks at everything, changes nothing. Returns 10 when anything is not as it should be. */
export async function showStatus(args: StatusArgs): Promise<number> {
  const place = sitePlace(args.site);
  const config = siteConfig(place);
  const observation = await observeSite(place, config);
  const { text, exitCode } = renderStatus(observation, args.format);
  writeResult(text);
  return exitCode;
}

/** What is printed for an observation, and the exit code: 0 only when all is well. */
export function renderStatus(observation: Observation, format: string): { text: string; exitCode: number } {
  const diagnosis: Diagnosis = decide(observation, commandsOf(siteWords(observation.site)));
  const document = statusDocument(observation, diagnosis);
  const text = format === "json" ? jsonDocument(document) : statusTable(document, observation);
  return { text, exitCode: diagnosis.state === "healthy" ? exitCodes.ok : exitCodes.degraded };
}

async function observeSite(place: SitePlace, config: SiteConfig): Promise<Observation> {
  // Looking never sets a machine up: where it wasn't, nothing of the site can be there either.
  const session = await openExisting(place, config);
  if (session === null) return nothingBuilt(config);
  const outputs = await readOutputs(session);
  const ssh = await openHosts(place, outputs, session.secrets, dial);
  try {
    return await lookAt(session, outputs, ssh);
  } finally {
    await ssh.close();
  }
}

function nothingBuilt(config: SiteConfig): Observation {
  const database = { host: null, engine: null, facts: null, why: "not built" };
  const http = { live: null, ready: null, active: null };
  const regions = config.regions.map((name) => ({ name, built: false, url: null, http, database, web: [] }));
  return {
    site: config.site,
    url: null,
    dns: null,
    regions,
    thirdPlace: null,
    heartbeatSeconds: heartbeatLimit(config),
    machines: null,
  };
}
