import { openHosts } from "../hosts.ts";
import type { Journal } from "../journal.ts";
import { existingEngine } from "../rollout/engine.ts";
import { notSetUp } from "../rollout/preview.ts";
import { rejoinPeers } from "../rollout/resume.ts";
import { readOutputs, type Session, withLockedSite } from "../rollout/session.ts";
import { isThere } from "../site/durable.ts";
import { notBuilt, secretsFile, siteConfig, sitePlace } from "../site.ts";
import { lookAt } from "../status/look.ts";
import type { HeldSite } from "./moves.ts";
import type { Observation } from "./observation.ts";

/** The site, and a way to look at all of it. */
export interface Held {
  site: HeldSite;
  look: () => Promise<Observation>;
}

/** A dead host must not hold up a move: what it would have said is unknown. */
const dial = { attempts: 1, timeoutSeconds: 4 };

/** Runs a move under the operator's lock, with connections to the hosts that are opened as they are needed. */
export async function withHeldSite<T>(
  args: { site: string },
  command: string,
  work: (held: Held) => Promise<T>,
): Promise<T> {
  const place = sitePlace(args.site);
  const config = siteConfig(place);
  // Before set-up: there is nothing to move of a site that was never built.
  if (!isThere(secretsFile(place))) throw notBuilt(config.site);
  // No set-up: it may build for minutes, and a region is gone.
  const engine = await existingEngine();
  if (engine === null) throw notSetUp(place);
  return await withLockedSite({ place, config, engine, asFound: true }, command, async (session, journal) => {
    const outputs = await readOutputs(session);
    if (config.regions.some((name) => outputs.regions[name] === null)) throw notBuilt(config.site);
    await rejoinPeers(config, outputs);
    const ssh = await openHosts(place, outputs, session.secrets, dial);
    try {
      return await work(heldSite(session, { outputs, ssh, journal, command }));
    } finally {
      await ssh.close();
    }
  });
}

function heldSite(
  session: Session,
  parts: Pick<HeldSite, "outputs" | "ssh" | "command"> & { journal: Journal },
): Held {
  const { place, config, secrets } = session;
  const site: HeldSite = { place, config, secrets, ...parts };
  return { site, look: () => lookAt(session, parts.outputs, parts.ssh) };
}
