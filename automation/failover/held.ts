import { UserError } from "../errors.ts";
import { openHosts } from "../hosts.ts";
import type { Journal } from "../journal.ts";
import { ownRecord } from "../lock.ts";
import { existingEngine } from "../rollout/engine.ts";
import { notSetUp } from "../rollout/preview.ts";
import { rejoinPeers } from "../rollout/resume.ts";
import { openExisting, readOutputs, type Session, withLockedSite } from "../rollout/session.ts";
import { withSiteLock } from "../rollout/site-lock.ts";
import { isThere } from "../site/durable.ts";
import { notBuilt, secretsFile, siteConfig, sitePlace } from "../site.ts";
import { lookAt } from "../status/look.ts";
import { say } from "../terminal.ts";
import type { HeldSite } from "./moves.ts";
import type { Observation } from "./observation.ts";
import { askedHosts, type Scope } from "./observe.ts";

/** The site, and a way to look at it. */
export interface Held {
  site: HeldSite;
  look: (scope?: Scope) => Promise<Observation>;
}

/**
 * A dead host must not hold up a move: what it would have said is unknown, and looks that follow each other don't wait for
 * it each.
 */
export const moveDial = { attempts: 1, timeoutSeconds: 3, redialAfterSeconds: 15 };
/** Of a host behind a gateway: both dials, and a login on a busy machine. */
const dialMs = 12_000;

export interface HeldOptions {
  site: string;
  /** As the operator gave it. */
  command: string;
  /** The region that shall be active behind it; null: that stays as it is. */
  to: string | null;
  /** Nothing is changed, so nothing is locked and nothing is written down. */
  dryRun: boolean;
  /** What it looks at first, so that these hosts are dialed while the locks are taken; default: all. */
  scope?: Scope;
}

/**
 * Runs a move under the operator's locks, this clone's and the one in etcd (which is done without where no member gives
 * it: then no member gives the lease either). Connections to the hosts are opened as they are needed.
 */
export async function withHeldSite<T>(options: HeldOptions, work: (held: Held) => Promise<T>): Promise<T> {
  return await (options.dryRun ? withSeenSite(options, work) : withLocks(options, work));
}

/** A line of a journal that nobody keeps. */
const noJournal: Journal = { run: "none", write: () => {} };

async function withSeenSite<T>(options: HeldOptions, work: (held: Held) => Promise<T>): Promise<T> {
  const place = sitePlace(options.site);
  const config = siteConfig(place);
  const session = await openExisting(place, config);
  if (session === null) throw notBuilt(config.site);
  return await withHosts(session, options, noJournal, work);
}

async function withLocks<T>(options: HeldOptions, work: (held: Held) => Promise<T>): Promise<T> {
  const { command, to } = options;
  const place = sitePlace(options.site);
  const config = siteConfig(place);
  // Before set-up: there is nothing to move of a site that was never built.
  if (!isThere(secretsFile(place))) throw notBuilt(config.site);
  // No set-up: it may build for minutes, and a region is gone.
  const engine = await existingEngine();
  if (engine === null) throw notSetUp(place);
  return await withLockedSite({ place, config, engine, asFound: true }, command, async (session, journal) => {
    return await withHosts(session, options, journal, async (held) => {
      const { ssh, outputs } = held.site;
      await rejoinWherePossible(config, outputs);
      const record = { ...ownRecord({ run: journal.run, command }), to };
      return await withSiteLock({ ssh, outputs, site: config.site, record }, () => work(held));
    });
  });
}

/** A machine that is frozen or half gone keeps no move from being made: what can't be asked for it is unknown. */
async function rejoinWherePossible(...link: Parameters<typeof rejoinPeers>): Promise<void> {
  try {
    await rejoinPeers(...link);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(`warning: ${error.what}: ${error.why}`);
  }
}

async function withHosts<T>(
  session: Session,
  { command, scope = "site" }: Pick<HeldOptions, "command" | "scope">,
  journal: Journal,
  work: (held: Held) => Promise<T>,
): Promise<T> {
  const { place, config } = session;
  const outputs = await readOutputs(session);
  if (config.regions.some((name) => outputs.regions[name] === null)) throw notBuilt(config.site);
  const ssh = await openHosts(place, outputs, session.secrets, moveDial);
  // While the lock is taken: a dead region is known as such by the first look.
  ssh.dial(askedHosts(outputs, scope), { timeoutMs: dialMs });
  try {
    return await work(heldSite(session, { command, journal, outputs, ssh }));
  } finally {
    await ssh.close();
  }
}

function heldSite(
  session: Session,
  parts: Pick<HeldSite, "outputs" | "ssh" | "command"> & { journal: Journal },
): Held {
  const { place, config, secrets } = session;
  const site: HeldSite = { place, config, secrets, ...parts };
  return { site, look: (scope) => lookAt(session, parts.outputs, parts.ssh, scope) };
}
